/**
 * What has to hold after every event, whatever was broken: the memory of an observer who sees everything at once.
 *
 * It keeps the one history of acknowledged entries. Two trackers that commit different entries at one index, a primary
 * that lacks one, two that commit in one epoch, or a read that misses one, end the run.
 */
import { sameBytes } from '../../src/entry.ts';
import { toHex } from '../../src/hex.ts';
import type { JournalPosition } from '../../src/messages.ts';

export class Violation extends Error {
  override readonly name: string = 'Violation';
}

export class Invariants {
  /** The last entry that a primary acknowledged. */
  committed = 0;
  acknowledgedWrites = 0;
  readonly #history: JournalPosition[] = [];
  readonly #committers = new Map<number, string>();
  /** Who was told that the name is theirs. */
  readonly #owners = new Map<string, string>();

  get owners(): ReadonlyMap<string, string> {
    return this.#owners;
  }

  /** `who` (a process, not a machine) says that `position` is acknowledged; as primary of `leads`, or as a follower. */
  commits(who: string, position: JournalPosition, leads: number | undefined): void {
    const known = this.#history[position.index - 1];
    if (known !== undefined) {
      if (sameBytes(known.hash, position.hash)) return;
      throw new Violation(
        `${who} commits another entry ${position.index}: epoch ${position.epoch}, not ${known.epoch}`,
      );
    }
    if (leads === undefined) throw new Violation(`${who} follows, and commits entry ${position.index} first`);
    this.#requireOneCommitter(who, leads);
    if (position.index !== this.#history.length + 1)
      throw new Violation(`${who} commits entry ${position.index} after ${this.#history.length}`);
    this.#history.push(position);
    this.committed = position.index;
  }

  /** `who` begins to decide writes with `has` as its journal. */
  leads(who: string, has: (index: number) => JournalPosition | undefined): void {
    const last = this.#history.at(-1);
    if (last === undefined) return;
    const own = has(last.index);
    if (own !== undefined && sameBytes(own.hash, last.hash)) return;
    throw new Violation(`${who} leads without the acknowledged entry ${last.index}`);
  }

  /** A client was told that the name is its own. */
  owns(name: string, owner: string): void {
    this.acknowledgedWrites += 1;
    const other = this.#owners.get(name);
    if (other !== undefined && other !== owner)
      throw new Violation(`${name} belongs to ${other} and ${owner}`);
    this.#owners.set(name, owner);
  }

  /** `who` would answer an authoritative read now, from a state that has `index`. */
  reads(who: string, index: number): void {
    if (index < this.committed)
      throw new Violation(
        `${who} reads entry ${index} as the last one, and ${this.committed} is acknowledged`,
      );
  }

  /** In the end everything is there. */
  kept(who: string, ownerOf: (name: string) => string | undefined): void {
    for (const [name, owner] of this.#owners) {
      const kept = ownerOf(name);
      if (kept !== owner) throw new Violation(`${who} lost ${name} of ${owner}: ${kept ?? 'nobody'} has it`);
    }
  }

  #requireOneCommitter(who: string, epoch: number): void {
    const other = this.#committers.get(epoch);
    if (other !== undefined && other !== who)
      throw new Violation(`${who} and ${other} both commit in epoch ${epoch}`);
    this.#committers.set(epoch, who);
  }
}

/** Whether two snapshots of states are the same bytes. */
export function requireSameState(who: string, live: Uint8Array, replayed: Uint8Array): void {
  if (!sameBytes(live, replayed))
    throw new Violation(`${who} is not what its journal says: ${toHex(live.subarray(0, 16))}`);
}
