/**
 * The follower's side: takes what the primary sends, and makes its journal the beginning of the primary's before that.
 *
 * What affects a promise to the primary: one is given only under the newest config known here, by a tracker that knows the
 * register's, has not asked to be primary itself, and has everything up to some entry; and only when that is durable.
 * Cutting is for those alone that are not in sync: nobody counts on what they have.
 */
import { recordAfter } from '../entry.ts';
import { describe } from '../errors.ts';
import { toHex } from '../hex.ts';
import type { SyncAnswer, SyncRequest } from '../messages.ts';
import type { StoreId } from '../register.ts';
import type { Election } from './election.ts';
import type { Member } from './member.ts';
import type { Peer, PendingRequest } from './peer-table.ts';
import { SnapshotSink } from './snapshot-sink.ts';

type MemberRequest = NonNullable<SyncRequest['member']>;
type MemberAnswer = NonNullable<SyncAnswer['member']>;

interface WaitingAnswer {
  readonly call: number;
  readonly index: number;
  readonly primary: StoreId;
}

export class Following {
  readonly #member: Member;
  readonly #election: Election;
  readonly #sink: SnapshotSink;
  #waiting: WaitingAnswer[] = [];
  /** What the primary said is acknowledged; it may be ahead of what is durable here. */
  #acknowledged = 0;
  #pullAtMs = Number.NEGATIVE_INFINITY;
  #isLeaving = false;

  constructor(member: Member, election: Election) {
    this.#member = member;
    this.#election = election;
    this.#sink = new SnapshotSink(member);
  }

  /** The primary is not heard for as long as `ms`. */
  isSilentFor(ms: number): boolean {
    return this.#member.isDue(this.#member.heardAtMs + ms);
  }

  /** Another config holds. */
  restart(): void {
    this.#acknowledged = 0;
    this.#pullAtMs = Number.NEGATIVE_INFINITY;
    this.#sink.forget();
  }

  /** From now on nobody shall count on this tracker, because it is about to end. */
  leave(): void {
    this.#isLeaving = true;
  }

  /** Tells everybody of the config, so that a successor need not wait until it misses this primary. */
  announce(): void {
    for (const peer of this.#member.peers.all) this.#ask(peer);
  }

  act(): void {
    const member = this.#member;
    if (member.isCaughtUp) member.commit(Math.min(this.#acknowledged, member.durable));
    this.#answerWaiting();
    if (!member.isCaughtUp && !this.#isLeaving) this.#pull();
    // Steps of the clock can only be told from pauses by who looks often.
    member.isDue(member.nowMs + member.timings.heartbeatMs);
  }

  pushed(call: number, message: SyncRequest, from: MemberRequest): void {
    const member = this.#member;
    const refusal = this.#refusalOf(from);
    if (refusal !== undefined) {
      member.answer(call, refusal);
      return;
    }
    member.promise();
    if (!this.#follow(message)) {
      member.answer(call, 'catching_up');
      return;
    }
    this.#acknowledged = Math.max(this.#acknowledged, from.committed);
    this.#waiting.push({ call, index: member.window.head.index, primary: member.config.primary });
  }

  pullAnswered(message: SyncAnswer, from: MemberAnswer, request: PendingRequest): void {
    const member = this.#member;
    const { config, window } = member;
    if (toHex(from.storeId) !== config.primary || from.config.epoch !== config.epoch) return;
    if (!this.#election.isConfigKnown || member.isCaughtUp) return;
    if (!member.isDiskIdle || !window.has(request.message.position)) return;
    if (request.message.position.index !== window.head.index) return;
    switch (from.outcome) {
      case 'accepted':
        this.#catchUp(message, request);
        break;
      case 'diverged':
        this.#goBack(message);
        break;
      case 'snapshot':
        if (from.snapshot !== undefined) this.#sink.take(from.snapshot);
        this.#pullAtMs = member.nowMs;
        break;
      case 'catching_up':
      case 'refused':
        break;
    }
  }

  /** Takes what was pushed, and says whether this journal is the beginning of the primary's. */
  #follow(message: SyncRequest): boolean {
    const member = this.#member;
    if (!member.isCaughtUp || member.isDiskBusy) return false;
    // Who is not in sync may have been left so far behind that only a pull helps.
    const isLeftBehind = !member.isInSync && message.position.index > member.window.head.index;
    if (!isLeftBehind && this.#take(message)) return true;
    if (!member.isInSync) member.isCaughtUp = false;
    return false;
  }

  /** The end of the waiting answers: whoever they are for no longer counts on this tracker. */
  #answerWaiting(): void {
    if (this.#waiting.length === 0) return;
    const { durable, isCaughtUp } = this.#member;
    const later: WaitingAnswer[] = [];
    for (const answer of this.#waiting) {
      if (!this.#isFollowed(answer.primary)) this.#member.answer(answer.call, 'refused');
      else if (!isCaughtUp) this.#member.answer(answer.call, 'catching_up');
      else if (answer.index <= durable) this.#member.answer(answer.call, 'accepted');
      else later.push(answer);
    }
    this.#waiting = later;
  }

  /** R4: only the primary of the newest config is followed, and only by who knows that it is the newest. */
  #refusalOf(from: MemberRequest): 'refused' | 'catching_up' | undefined {
    const { config, options, window } = this.#member;
    if (from.config.epoch !== config.epoch || toHex(from.storeId) !== config.primary) return 'refused';
    if (!this.#isFollowed(config.primary)) return 'refused';
    if (!options.hasRegister && config.epoch >= window.head.epoch) this.#election.isConfigKnown = true;
    return this.#election.isConfigKnown ? undefined : 'catching_up';
  }

  /** Whether this tracker goes after `primary`, and not its own way. */
  #isFollowed(primary: StoreId): boolean {
    const { config, self } = this.#member;
    if (primary !== config.primary || primary === self) return false;
    return !this.#election.isCandidate && !this.#isLeaving;
  }

  /** Appends those of the entries that are new; false when they do not follow what is here. */
  #take({ position, entries }: Pick<SyncRequest, 'position' | 'entries'>): boolean {
    const { window } = this.#member;
    const known = window.head.index - position.index;
    // Something is missing in between: the answer says from where on.
    if (known < 0) return true;
    if (known === 0 && !window.has(position)) return false;
    const records = [];
    try {
      for (const bytes of entries.slice(known)) {
        const record = recordAfter(window.head, bytes);
        window.push(record);
        records.push(record);
      }
    } catch (error) {
      this.#member.emit({
        kind: 'fault',
        message: `An entry of the primary was refused: ${describe(error)}`,
      });
      this.#member.append(records);
      return false;
    }
    this.#member.append(records);
    return true;
  }

  #pull(): void {
    const { isDiskIdle, nowMs, timings, config, peers } = this.#member;
    // R4: before it knows who is in sync, a tracker may be the only one that is, and this primary one of long ago.
    if (!this.#election.isConfigKnown || config.epoch === 0) return;
    if (!isDiskIdle || !this.#member.isDue(this.#pullAtMs)) return;
    this.#pullAtMs = nowMs + timings.heartbeatMs;
    const primary = peers.ofStore(config.primary);
    for (const peer of primary === undefined ? peers.all : [primary]) {
      if (peer.request === undefined) this.#ask(peer);
    }
  }

  #ask(peer: Peer): void {
    const { nowMs, peers, window } = this.#member;
    const snapshot = this.#sink.wanted;
    const about = { kind: 'pull', ...this.#member.introduction() } as const;
    const member = snapshot === undefined ? about : { ...about, snapshot };
    const message = { position: window.head, entries: [], member };
    const request = peers.asked(peer, { kind: 'pull', sentAtMs: nowMs, message });
    this.#member.emit({ kind: 'send', to: peer.name, request, message });
  }

  #catchUp(message: SyncAnswer, request: PendingRequest): void {
    const member = this.#member;
    if (!this.#take({ position: request.message.position, entries: message.entries })) return;
    member.isCaughtUp = member.window.has(message.head) && member.window.head.index === message.head.index;
    this.#pullAtMs = member.nowMs;
  }

  #goBack({ head }: SyncAnswer): void {
    const { window, isInSync, leastCut } = this.#member;
    if (isInSync) return;
    const common = window.lastNotAfter(head)?.index ?? 0;
    // The same place with another hash: how much is different cannot be told by epochs.
    const keeps = common < window.head.index ? common : common - 1;
    if (common < window.head.index && common >= Math.max(leastCut, window.base.index)) {
      this.#member.truncateAfter(common);
    } else this.#sink.begin();
    if (keeps < leastCut) this.#tellOfLoss(leastCut);
    this.#pullAtMs = this.#member.nowMs;
  }

  /** By what a person did, or a register that went back; nothing else leads to this. */
  #tellOfLoss(index: number): void {
    const message = `Acknowledged changes up to entry ${index} are lost here: the primary does not have all of them`;
    this.#member.emit({ kind: 'fault', message });
  }
}
