/**
 * One tracker of a cluster as a pure core: events in, effects out; it opens nothing and reads no clock.
 *
 * After every event everything that is due is done, so that no timer and no answer carries a decision of its own: what
 * happens follows from the config, the journal, the promises and the time (rules R1 to R6 of the protocol).
 */
import { sameBytes } from '../entry.ts';
import { toHex } from '../hex.ts';
import type { JournalPosition, SyncAnswer, SyncRequest } from '../messages.ts';
import type { Config } from '../register.ts';
import { Election } from './election.ts';
import type { ReplicationEffect, ReplicationEvent } from './events.ts';
import { Following } from './following.ts';
import { Leading } from './leading.ts';
import type { ReplicationOptions } from './member.ts';
import { Member } from './member.ts';
import { Promotion } from './promotion.ts';
import { moveRole, type ReplicationRole } from './role.ts';
import { type ReplicationStatus, statusOf, type Takeover } from './status.ts';

export type { PeerStatus, ReplicationStatus, Takeover } from './status.ts';

export class Replication {
  readonly #member: Member;
  readonly #election: Election;
  readonly #leading: Leading;
  readonly #following: Following;
  readonly #promotion: Promotion;
  #role: ReplicationRole = 'unknown';
  #hasLooked: boolean;
  #config: Config;
  #changedAtMs: number;
  #lastTakeover: Takeover | undefined;

  constructor(options: ReplicationOptions, nowMs: number) {
    this.#member = new Member(options, nowMs);
    this.#election = new Election(this.#member);
    this.#leading = new Leading(this.#member, this.#election);
    this.#following = new Following(this.#member, this.#election);
    this.#promotion = new Promotion(this.#member, this.#election);
    this.#config = this.#member.config;
    this.#changedAtMs = nowMs;
    this.#hasLooked = options.looksFirst !== true;
  }

  get role(): ReplicationRole {
    return this.#role;
  }

  get config(): Config {
    return this.#member.config;
  }

  /** Whether the ledger may decide writes now. */
  get mayWrite(): boolean {
    return this.#role === 'primary' && !this.#leading.isHandingOver;
  }

  /** Whether what is acknowledged here is all that is acknowledged anywhere (R6). To be asked when the answer is given. */
  mayRead(nowMs: number): boolean {
    return this.#role === 'primary' && this.#leading.hasLease(nowMs);
  }

  status(nowMs: number): ReplicationStatus {
    const told = { role: this.#role, changedAtMs: this.#changedAtMs, lastTakeover: this.#lastTakeover };
    return statusOf(this.#member, nowMs, told);
  }

  /** Takes an event at the time `nowMs` of a clock that never goes back; answers what is to be done, in order. */
  handle(event: ReplicationEvent, nowMs: number): readonly ReplicationEffect[] {
    const member = this.#member;
    member.goOn(nowMs);
    if (event.kind === 'disk_failed') this.#fail(event.reason);
    if (this.#role === 'failed') {
      if (event.kind === 'request') this.#refuse(event.call, event.message);
      return member.takeEffects();
    }
    this.#take(event);
    this.#act();
    return member.takeEffects();
  }

  #take(event: ReplicationEvent): void {
    const member = this.#member;
    switch (event.kind) {
      case 'tick':
      case 'disk_failed':
        break;
      case 'written':
        this.#written(event.record);
        break;
      case 'appended':
        // What was cut meanwhile does not count.
        member.durable = Math.max(member.durable, Math.min(event.index, member.window.head.index));
        break;
      case 'truncated':
      case 'installed':
        member.isDiskBusy = false;
        break;
      case 'snapshot_taken':
        this.#leading.snapshots.taken(event.snapshot);
        break;
      case 'request':
        this.#requested(event.call, event.message);
        break;
      case 'answer':
        this.#answered(event.request, event.message);
        break;
      case 'register_read':
        this.#election.wasRead(event.request, event.outcome);
        break;
      case 'register_swapped':
        this.#election.wasSwapped(event.request, event.outcome);
        break;
      case 'looked':
        this.#hasLooked = true;
        break;
      case 'promote':
        this.#promotion.promote(this.#role);
        break;
      case 'hand_over':
        this.#following.leave();
        if (member.isLeading) this.#leading.handOver();
        break;
    }
  }

  #fail(reason: string): void {
    if (this.#role === 'failed') return;
    const member = this.#member;
    this.#role = moveRole(this.#role, 'failed');
    this.#changedAtMs = member.nowMs;
    member.reason = reason;
    member.emit({ kind: 'role', role: 'failed', epoch: member.config.epoch, reason });
  }

  #written(record: Extract<ReplicationEvent, { kind: 'written' }>['record']): void {
    const { window, config, isLeading } = this.#member;
    const { index, epoch } = record.position;
    if (!isLeading || index !== window.head.index + 1 || epoch !== config.epoch) {
      throw new TypeError(`Cannot replicate entry ${index} of epoch ${epoch}: this tracker does not lead it`);
    }
    window.push(record);
    this.#member.append([record]);
  }

  #requested(call: number, message: SyncRequest): void {
    const { member: from } = message;
    if (from === undefined || !this.#isOfCluster(from.clusterId)) {
      this.#refuse(call, message);
      return;
    }
    this.#hear(from, message.position);
    if (from.kind === 'push') this.#following.pushed(call, message, from);
    else if (this.#member.isLeading) this.#leading.pulled(call, message);
    else this.#member.answer(call, 'refused');
  }

  #answered(request: number, message: SyncAnswer): void {
    const { member: from } = message;
    if (from === undefined || !this.#isOfCluster(from.clusterId)) return;
    const answered = this.#member.peers.answered(request, toHex(from.storeId), this.#member.nowMs);
    if (answered === undefined) return;
    this.#hear(from, message.head);
    const { peer, request: asked } = answered;
    const { outcome } = from;
    const { isLeading } = this.#member;
    if (asked.kind === 'push' && isLeading) {
      this.#leading.pushAnswered(peer, { message, outcome, sentAtMs: asked.sentAtMs });
    } else if (asked.kind === 'pull' && !isLeading) this.#following.pullAnswered(message, from, asked);
  }

  #hear(
    { storeId, config }: Pick<NonNullable<SyncRequest['member']>, 'storeId' | 'config'>,
    { epoch }: JournalPosition,
  ): void {
    this.#member.allegiance.heard(toHex(storeId), config);
    this.#election.heard(config);
    this.#promotion.heard(config, epoch);
    // What only time has changed waits until the message itself has counted.
    if (this.#member.config !== this.#config) this.#settle();
  }

  #refuse(call: number, { member: from }: SyncRequest): void {
    const isKnown = from !== undefined && sameBytes(from.clusterId, this.#member.options.clusterId);
    if (isKnown) this.#member.answer(call, 'refused');
    else this.#member.answerStranger(call);
  }

  #isOfCluster(clusterId: Uint8Array): boolean {
    if (sameBytes(clusterId, this.#member.options.clusterId)) return true;
    this.#member.emit({ kind: 'fault', message: 'A tracker of another cluster called; check the addresses' });
    return false;
  }

  #act(): void {
    const { peers, nowMs, timings } = this.#member;
    peers.expire(nowMs - timings.answerMs);
    this.#election.expire();
    this.#settle();
    this.#promotion.act();
    this.#elect();
    this.#settle();
    if (this.#member.isLeading) this.#leading.act();
    else this.#following.act();
    this.#settle();
    this.#wakeForAnswers();
  }

  /** What was asked just now may stay without an answer. */
  #wakeForAnswers(): void {
    const { peers, timings } = this.#member;
    for (const { request } of peers.all) {
      if (request !== undefined) this.#member.isDue(request.sentAtMs + timings.answerMs);
    }
    this.#election.expire();
  }

  /** Asks the register where something has to be known or changed. */
  #elect(): void {
    const { isLeading, timings, options } = this.#member;
    if (isLeading || !options.hasRegister) return;
    if (!this.#election.isConfigKnown) {
      this.#election.read();
      return;
    }
    const reason = this.#hasLooked ? this.#reasonToLead() : undefined;
    if (reason !== undefined) {
      const { self } = this.#member;
      this.#election.propose({ primary: self, inSync: [self] }, reason);
    } else if (this.#following.isSilentFor(timings.silenceMs)) this.#election.read();
  }

  /** R3: why this tracker shall be primary, if it may. */
  #reasonToLead(): string | undefined {
    const { config, self, isInSync, isDiskIdle, mayFound, takeoverMs } = this.#member;
    if (!isDiskIdle) return undefined;
    if (config.epoch === 0) return mayFound ? 'founded' : undefined;
    if (this.#election.isCandidate) return 'asked before';
    if (!isInSync && !this.#member.isPlanted('take_over_without_being_in_sync')) return undefined;
    if (config.primary === self) return 'was primary before, or was handed it';
    return this.#following.isSilentFor(takeoverMs) ? 'the primary is silent' : undefined;
  }

  /** Lets the role follow from the facts, and tells of it. */
  #settle(): void {
    const member = this.#member;
    const role = this.#currentRole();
    if (role === this.#role && member.config === this.#config) return;
    if (member.config !== this.#config) this.#following.restart();
    if (member.config.primary !== this.#config.primary) {
      const { config, nowMs, reason } = member;
      this.#lastTakeover = { epoch: config.epoch, atMs: nowMs, reason };
    }
    const wasLeading = this.#role === 'primary' || this.#role === 'safe';
    if (!(member.isLeading && wasLeading)) this.#leading.restart();
    if (wasLeading && !member.isLeading) this.#following.announce();
    const isNew = role !== this.#role;
    if (isNew) this.#role = moveRole(this.#role, role);
    this.#config = member.config;
    this.#changedAtMs = member.nowMs;
    // R3: all in the journal of a new primary is acknowledged, and its ledger has to have it before it decides.
    if (isNew && role === 'primary' && member.config.inSync.length === 1) member.commit(member.durable);
    member.emit({ kind: 'role', role, epoch: member.config.epoch, reason: member.reason });
  }

  #currentRole(): ReplicationRole {
    const { isLeading, isInSync, options, timings } = this.#member;
    if (isLeading) return options.hasRegister || this.#isLeadingInCompany ? 'primary' : 'safe';
    if (!this.#election.isConfigKnown) return options.hasRegister ? 'unknown' : 'safe';
    if (this.#election.isCandidate || this.#promotion.isPending) return 'candidate';
    if (!options.hasRegister && this.#following.isSilentFor(timings.silenceMs)) return 'safe';
    return isInSync ? 'backup' : 'joining';
  }

  /** Without a register; the ledger decides again only when it has all that it wrote before it was alone. */
  get #isLeadingInCompany(): boolean {
    const { committed, window } = this.#member;
    if (this.#leading.isAlone || this.#promotion.isContested) return false;
    return this.#role === 'primary' || committed === window.head.index;
  }
}
