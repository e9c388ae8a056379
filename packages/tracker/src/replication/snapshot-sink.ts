/** Gathers the parts of another tracker's snapshot; whole, it takes the place of the journal. */
import type { SyncAnswer } from '../messages.ts';
import type { Member } from './member.ts';

type Part = NonNullable<NonNullable<SyncAnswer['member']>['snapshot']>;

export class SnapshotSink {
  readonly #member: Member;
  #parts: Part[] = [];
  #wanted: { readonly index: number; readonly offset: number } | undefined;

  constructor(member: Member) {
    this.#member = member;
  }

  /** What to ask for next; undefined when entries will do. */
  get wanted(): { readonly index: number; readonly offset: number } | undefined {
    return this.#wanted;
  }

  /** Nothing less will do. */
  begin(): void {
    this.#wanted ??= { index: 0, offset: 0 };
  }

  take(part: Part): void {
    const { position, offset, totalBytes } = part;
    if (offset === 0) this.#parts = [];
    else if (this.#wanted?.index !== position.index || this.#wanted.offset !== offset) return;
    this.#parts.push(part);
    const end = offset + part.bytes.length;
    this.#wanted = { index: position.index, offset: end };
    if (end < totalBytes) return;
    const bytes = joined(this.#parts, totalBytes);
    this.forget();
    this.#member.install({ position, bytes });
  }

  forget(): void {
    this.#parts = [];
    this.#wanted = undefined;
  }
}

function joined(parts: readonly Part[], totalBytes: number): Uint8Array {
  const whole = new Uint8Array(totalBytes);
  for (const { offset, bytes } of parts) whole.set(bytes, offset);
  return whole;
}
