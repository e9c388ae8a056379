/**
 * Without a register: how a tracker becomes primary by the word of a person, or of the primary before it.
 *
 * What affects it:
 * - it begins a term, whose epochs no other primary uses (`term.ts`);
 * - a term begins with an entry of nothing, durable before anything is decided. Whoever comes in sync in that term has it, so
 *   a tracker that forgot the config and is promoted later begins a later term;
 * - the primary before may answer reads until the promise that it was given here has run out, or it says that it leads no more.
 *
 * So nothing that was acknowledged is lost when the promoted tracker is in sync under the newest config of all trackers,
 * however many are down or cut off: the others wait for it. Whoever promotes another one loses what was acknowledged since
 * that was in sync, and what the primary before it goes on to acknowledge until the two meet; the later term holds then.
 * Two that were promoted into the same term stop when they meet, until a person promotes one of them again.
 */
import type { JournalRecord } from '../entry.ts';
import { sealEntry } from '../entry.ts';
import type { Config } from '../register.ts';
import type { Election } from './election.ts';
import type { Member } from './member.ts';
import type { ReplicationRole } from './role.ts';
import { firstEpochAfter, halfTermOf } from './term.ts';

export class Promotion {
  readonly #member: Member;
  readonly #election: Election;
  /** The config that this tracker was promoted under; it leads when everything is ready. */
  #config: Config | undefined;
  /** The entry that the term begins with. */
  #markIndex = 0;
  /** The config of which somebody else says that he is its primary. */
  #contested: Config | undefined;
  /** The latest epoch that a journal of any tracker was heard to have come to. */
  #seenEpoch = 0;
  #toldOf: Config | undefined;

  constructor(member: Member, election: Election) {
    this.#member = member;
    this.#election = election;
  }

  /** Was promoted, and does not lead yet. */
  get isPending(): boolean {
    const { config, isLeading } = this.#member;
    return this.#config === config && !isLeading && !this.isContested;
  }

  /** Another tracker was promoted into the same term. */
  get isContested(): boolean {
    return this.#contested === this.#member.config;
  }

  /** A person wants this tracker to be primary, whatever the others are. */
  promote(role: ReplicationRole): void {
    const { options, isInSync, config, window, self } = this.#member;
    if (options.hasRegister || (role === 'primary' && this.#seenEpoch <= config.epoch)) return;
    if (role === 'joining' && !isInSync) {
      this.#member.emit({
        kind: 'fault',
        message: `Not promoted: the primary is here, and this tracker does not have all that it acknowledged`,
      });
      return;
    }
    const last = Math.max(config.epoch, window.head.epoch, this.#seenEpoch);
    const next = { epoch: firstEpochAfter(last, 'promoted'), primary: self, inSync: [self] };
    this.#election.adopt(next, { isMine: false, reason: 'promoted' });
    this.#begin();
  }

  /** Another tracker spoke of `config`, and of an entry of `epoch` in its journal. */
  heard(config: Config, epoch: number): void {
    const { config: own, window, options, isLeading } = this.#member;
    if (options.hasRegister || config.epoch === 0) return;
    this.#seenEpoch = Math.max(this.#seenEpoch, epoch);
    if (config.epoch === own.epoch && config.primary !== own.primary) {
      if (isLeading || this.isPending) this.#contested = own;
      this.#tell(
        'Another tracker was promoted, too, and neither knew of the other; promote one of them again',
      );
    } else if (Math.max(window.head.epoch, this.#seenEpoch) > own.epoch) {
      this.#tell('The primary does not know of a later promotion; promote it again, or another tracker');
    }
  }

  /** Does what is due. */
  act(): void {
    const { options, config, durable, isDiskBusy } = this.#member;
    if (options.hasRegister) return;
    if (this.#isGiven) this.#begin();
    if (!this.isPending || isDiskBusy) return;
    if (this.#markIndex === 0) this.#mark();
    if (durable < this.#markIndex || !this.#member.isReleased) return;
    this.#member.lead();
    if (config.inSync.length === 1) this.#member.commit(durable);
  }

  /** The primary before has left everything to this tracker, which has not begun yet. */
  get #isGiven(): boolean {
    const { config, self, isLeading, window } = this.#member;
    if (config.primary !== self || isLeading || this.#config === config) return false;
    return halfTermOf(window.head.epoch) < halfTermOf(config.epoch);
  }

  /** With the config that holds. */
  #begin(): void {
    this.#election.isConfigKnown = true;
    this.#config = this.#member.config;
    this.#markIndex = 0;
  }

  #mark(): void {
    const { window, config, options } = this.#member;
    this.#markIndex = window.head.index;
    if (this.#member.isPlanted('promote_without_mark')) return;
    this.#markIndex += 1;
    const record = beginningOf(config.epoch, window.head, options.random.bytes(16));
    window.push(record);
    this.#member.append([record]);
  }

  /** Once for each config. */
  #tell(message: string): void {
    const { config } = this.#member;
    if (this.#toldOf === config) return;
    this.#toldOf = config;
    this.#member.emit({ kind: 'fault', message });
  }
}

/** An entry of nothing. */
function beginningOf(
  epoch: number,
  previous: JournalRecord['position'],
  requestId: Uint8Array,
): JournalRecord {
  return sealEntry({
    version: 1,
    epoch,
    index: previous.index + 1,
    requestId,
    fingerprint: new Uint8Array(16),
    result: { kind: 'done' },
    events: [],
    prevHash: previous.hash,
  });
}
