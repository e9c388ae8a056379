/**
 * Where a shared journal ends, as far as one tracker knows.
 *
 * It only moves on: a journal that ends before what was acknowledged already, or has another entry there, has lost
 * something. From then on nothing may be appended or read, because nobody can tell what else is missing.
 */
import { corrupt, sameBytes } from '../entry.ts';
import type { TrackerError } from '../errors.ts';
import type { JournalPosition } from '../messages.ts';

/** What a shared journal says of itself. */
export interface SharedHead {
  /** 16 bytes. */
  readonly storeId: Uint8Array;
  readonly head: JournalPosition;
  readonly base: number;
}

export class KnownHead {
  readonly storeId: Uint8Array;
  #position: JournalPosition;
  #base: number;
  #damage: TrackerError | undefined;
  readonly #listeners = new Set<() => void>();

  constructor({ storeId, head, base }: SharedHead) {
    this.storeId = storeId;
    this.#position = head;
    this.#base = base;
  }

  get position(): JournalPosition {
    return this.#position;
  }

  get base(): number {
    return this.#base;
  }

  /** Calls `listener` whenever the position has moved, until the answer is called. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes what the journal answers to `ask`, as which it fails, too. Fails with `journal_corrupt` where something is lost. */
  async learn(ask: () => Promise<SharedHead>): Promise<void> {
    this.requireWhole();
    // An answer may be older than what this tracker appended meanwhile.
    const known = this.#position;
    const { head, base, storeId } = await ask();
    const isKnown = head.index !== known.index || sameBytes(head.hash, known.hash);
    if (head.index < known.index || !isKnown || !sameBytes(storeId, this.storeId)) {
      const what = isKnown ? `only ${head.index} entries` : 'another entry';
      this.#damage = corrupt(known.index, `it was acknowledged, but PostgreSQL has ${what} now`);
      throw this.#damage;
    }
    this.raiseBase(base);
    this.moveTo(head);
  }

  /** Entries up to `base` were dropped, by this tracker or another one. */
  raiseBase(base: number): void {
    this.#base = Math.max(this.#base, base);
  }

  /** The journal goes on at least to `position`. */
  moveTo(position: JournalPosition): void {
    if (position.index <= this.#position.index) return;
    this.#position = position;
    for (const listener of this.#listeners) listener();
  }

  /** Throws `journal_corrupt` once something was lost. */
  requireWhole(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }
}
