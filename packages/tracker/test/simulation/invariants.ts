/**
 * What has to hold after every event, whatever was broken: the memory of an observer who sees everything at once.
 *
 * It keeps the one history of acknowledged entries. Two trackers that commit different entries at one index, a primary
 * that lacks one, two that commit in one epoch, or a read that misses one, end the run. Where what the promises rest on
 * is taken away (a register with an old copy, a person who promotes the wrong tracker), there is an excuse: then it only
 * notes the first thing that is broken, until it is told to begin anew.
 */
import { sameBytes } from '../../src/entry.ts';
import { toHex } from '../../src/hex.ts';
import type { JournalPosition } from '../../src/messages.ts';
import type { Config } from '../../src/register.ts';
import { noConfig } from '../../src/register.ts';

export class Violation extends Error {
  override readonly name: string = 'Violation';
}

const REMEMBERED_NAMES = 8;

export class Invariants {
  /** The last entry that a primary acknowledged. */
  committed = 0;
  acknowledgedWrites = 0;
  authoritativeReads = 0;
  /** The config of the highest epoch under which any tracker went on. */
  latest: Config = noConfig;
  /** Some names that were given away, or asked for, not long ago. */
  readonly lastNames: string[] = ['user-1'];
  /** What did not hold and is excused. */
  broken: string | undefined;
  /** A person knows that the register lost something. */
  isToldOfRegister = false;
  readonly #promisesReads: boolean;
  #isExcused = false;
  #knowsHistory = true;
  readonly #history: JournalPosition[] = [];
  readonly #committers = new Map<number, string>();
  /** Who was told that the name is theirs. */
  readonly #owners = new Map<string, string>();
  readonly #refused = new Set<string>();

  /** R6 is not promised where a clock stands still while others go on. */
  constructor({ promisesReads }: { readonly promisesReads: boolean }) {
    this.#promisesReads = promisesReads;
  }

  get isExcused(): boolean {
    return this.#isExcused;
  }

  /** Whether `committed` and the history behind it are those that hold. */
  get knowsHistory(): boolean {
    return this.#knowsHistory;
  }

  ownerOf(name: string): string | undefined {
    return this.#owners.get(name);
  }

  /** From now on acknowledged writes may be lost. */
  excuse(): void {
    this.#isExcused = true;
  }

  /** What was acknowledged until now no longer counts, and what is from now on does. */
  beginAnew(): void {
    this.#isExcused = false;
    this.#knowsHistory = false;
    this.#owners.clear();
    this.#refused.clear();
  }

  /** Some tracker goes on under `config`. */
  goesOn(config: Config): void {
    if (config.epoch > this.latest.epoch) this.latest = config;
  }

  /** `who` (a process, not a machine) says that `position` is acknowledged; as primary of `leads`, or as a follower. */
  commits(who: string, position: JournalPosition, leads: number | undefined): void {
    if (!this.#knowsHistory) return;
    const known = this.#history[position.index - 1];
    if (known !== undefined) {
      if (sameBytes(known.hash, position.hash)) return;
      const which = `epoch ${position.epoch}, not ${known.epoch}`;
      this.#break(`${who} commits another entry ${position.index}: ${which}`);
    } else if (leads === undefined) {
      this.#break(`${who} follows, and commits entry ${position.index} first`);
    } else if (position.index !== this.#history.length + 1) {
      this.#break(`${who} commits entry ${position.index} after ${this.#history.length}`);
    } else {
      this.#requireOneCommitter(who, leads);
      this.#history.push(position);
      this.committed = position.index;
    }
  }

  /** `who` begins to decide writes with `has` as its journal. */
  leads(who: string, has: (index: number) => JournalPosition | undefined): void {
    const last = this.#history.at(-1);
    if (last === undefined || !this.#knowsHistory) return;
    const own = has(last.index);
    if (own !== undefined && sameBytes(own.hash, last.hash)) return;
    this.#break(`${who} leads without the acknowledged entry ${last.index}`);
  }

  /** A client was told that the name is its own. */
  owns(name: string, owner: string): void {
    this.acknowledgedWrites += 1;
    this.#belongs(name, owner);
    this.lastNames.push(name);
    if (this.lastNames.length > REMEMBERED_NAMES) this.lastNames.shift();
  }

  /** A client was told that somebody else has the name that it asked for as `owner`. */
  refuses(owner: string): void {
    this.#refused.add(owner);
  }

  /** `who` told a client that `owner` has the name; when it began to ask, it belonged to `before`. */
  tells(
    who: string,
    name: string,
    told: { readonly owner: string | undefined; before: string | undefined },
  ): void {
    if (!this.#promisesReads) return;
    this.authoritativeReads += 1;
    const { owner, before } = told;
    if (before !== undefined && owner !== before)
      this.#break(`${who} says that ${owner ?? 'nobody'} has ${name} of ${before}`);
    else if (owner !== undefined) this.#belongs(name, owner);
  }

  /** `who` would answer an authoritative read now, from a state that has `index`. */
  reads(who: string, index: number): void {
    if (!this.#promisesReads || !this.#knowsHistory || index >= this.committed) return;
    this.#break(`${who} reads entry ${index} as the last one, and ${this.committed} is acknowledged`);
  }

  /** A person is told something by `who`. */
  isTold(who: string, message: string): void {
    if (message.startsWith('The register')) this.isToldOfRegister = true;
    if (message.startsWith('Acknowledged')) this.#break(`${who} gives up what it knows to be acknowledged`);
  }

  /** In the end everything is there, and nobody was refused what is his. */
  kept(who: string, ownerOf: (name: string) => string | undefined): void {
    for (const [name, owner] of this.#owners) {
      const kept = ownerOf(name);
      if (kept !== owner) this.#break(`${who} lost ${name} of ${owner}: ${kept ?? 'nobody'} has it`);
      else if (this.#refused.has(owner)) this.#break(`${owner} has ${name}, and was refused it`);
    }
  }

  #belongs(name: string, owner: string): void {
    const other = this.#owners.get(name);
    if (other !== undefined && other !== owner) this.#break(`${name} belongs to ${other} and ${owner}`);
    this.#owners.set(name, owner);
  }

  #requireOneCommitter(who: string, epoch: number): void {
    // Epochs that are used again are not what anybody misses.
    if (this.#isExcused) return;
    const other = this.#committers.get(epoch);
    if (other !== undefined && other !== who)
      this.#break(`${who} and ${other} both commit in epoch ${epoch}`);
    this.#committers.set(epoch, who);
  }

  #break(what: string): void {
    if (!this.#isExcused) throw new Violation(what);
    this.broken ??= what;
  }
}

/** Whether two snapshots of states are the same bytes. */
export function requireSameState(who: string, live: Uint8Array, replayed: Uint8Array): void {
  if (!sameBytes(live, replayed))
    throw new Violation(`${who} is not what its journal says: ${toHex(live.subarray(0, 16))}`);
}
