/**
 * The primary's side: sends what it has, counts who has it, and says what is acknowledged (rules R1, R2, R5, R6).
 *
 * What affects an acknowledgement: an entry is acknowledged when it is durable here and on every tracker that is in sync,
 * or may be so by a swap whose outcome is unknown, or is about to be proposed as such. A tracker comes in that order:
 * follows, required, proposed, in sync; and goes when it has accepted nothing for `silenceMs`.
 */

import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { SyncAnswer, SyncRequest } from '../messages.ts';
import type { StoreId } from '../register.ts';
import { sameMembers } from '../register.ts';
import type { Election } from './election.ts';
import type { Member } from './member.ts';
import type { Peer } from './peer-table.ts';
import { SnapshotSource } from './snapshot-source.ts';
import { firstEpochAfter } from './term.ts';

/** What surrounds an entry in a message, and the message. */
const OVERHEAD_BYTES = 4;
const BATCH = {
  entries: MESSAGE_LIMITS.entriesPerSync,
  bytes: MESSAGE_LIMITS.syncBytes - MESSAGE_LIMITS.entriesPerSync * OVERHEAD_BYTES - 2_048,
};
/** A follower that lags by more is not required yet: writers would wait for it. */
const NEARBY_ENTRIES = 256;

type Answer = { readonly message: SyncAnswer; readonly outcome: string; readonly sentAtMs: number };

export class Leading {
  readonly snapshots: SnapshotSource;
  readonly #member: Member;
  readonly #election: Election;
  /** Whose acknowledgement every commit needs, though they are not in sync yet. */
  readonly #joining = new Set<StoreId>();
  /** Shall be primary after this one. */
  #isHandingOver = false;

  constructor(member: Member, election: Election) {
    this.#member = member;
    this.#election = election;
    this.snapshots = new SnapshotSource(member);
  }

  /** Whether all who might take over have promised not to, for long enough that a read is the truth. */
  hasLease(nowMs: number): boolean {
    if (this.#isHandingOver) return false;
    if (this.#member.isPlanted('read_without_lease')) return true;
    return this.#required().every((storeId) => this.#isFresh(storeId, nowMs));
  }

  get isHandingOver(): boolean {
    return this.#isHandingOver;
  }

  /** From now on another tracker that is in sync shall be primary, as soon as it has everything. */
  handOver(): void {
    this.#isHandingOver = true;
  }

  /** A term as primary ends, or begins. */
  restart(): void {
    this.#joining.clear();
    this.#isHandingOver = false;
    this.snapshots.forget();
  }

  /** Does what is due. */
  act(): void {
    this.#require();
    this.#member.commit(this.#commitIndex());
    this.#propose();
    for (const peer of this.#member.peers.all) this.#push(peer);
  }

  /** Members that did not accept anything for too long, so that the primary without a register must stop. */
  get isAlone(): boolean {
    const { nowMs, timings } = this.#member;
    return this.#required().some((storeId) => {
      const grantedAtMs = this.#member.peers.ofStore(storeId)?.grantedAtMs ?? Number.NEGATIVE_INFINITY;
      return nowMs - Math.max(grantedAtMs, this.#member.heardAtMs) >= timings.silenceMs;
    });
  }

  pushAnswered(peer: Peer, { message, outcome, sentAtMs }: Answer): void {
    const { window } = this.#member;
    const { head } = message;
    const isOwn = window.has(head);
    // An entry that changed on its way shows in its hash alone: who has it promises nothing until it has begun anew.
    const isDamaged = !isOwn && window.at(head.index) !== undefined;
    peer.follows = outcome === 'accepted' && !isDamaged;
    peer.reached = isOwn ? head.index : undefined;
    // Who refuses is about to end, or to be primary, or has no disk: there is nothing to wait for.
    if (outcome === 'refused') peer.grantedAtMs = Number.NEGATIVE_INFINITY;
    if (!peer.follows) return;
    peer.grantedAtMs = Math.max(peer.grantedAtMs, sentAtMs);
    if (isOwn) peer.matched = Math.max(peer.matched, head.index);
  }

  /** Somebody who follows asks for what it lacks. */
  pulled(call: number, { position, member }: SyncRequest): void {
    const { window } = this.#member;
    const { head } = window;
    const common = window.lastNotAfter(position);
    const isBefore = common === undefined && !window.has(position);
    if (member?.snapshot !== undefined || isBefore) {
      this.snapshots.answer(call, member?.snapshot ?? { index: 0, offset: 0 });
    } else if (window.has(position)) {
      const entries = window.after(position.index, BATCH).map((record) => record.bytes);
      this.#member.answer(call, 'accepted', { head, entries });
    } else if (common !== undefined) this.#member.answer(call, 'diverged', { head: common });
  }

  /** The others that have to have an entry before it is acknowledged. */
  #required(): readonly StoreId[] {
    const { config, self } = this.#member;
    const required = new Set(config.inSync);
    if (!this.#member.isPlanted('no_joint_rule')) {
      for (const storeId of this.#joining) required.add(storeId);
      for (const { inSync } of this.#election.possible) for (const storeId of inSync) required.add(storeId);
    }
    required.delete(self);
    return [...required];
  }

  #commitIndex(): number {
    const { durable, peers } = this.#member;
    if (this.#member.isPlanted('acknowledge_early')) return durable;
    return this.#required().reduce(
      (least, storeId) => Math.min(least, peers.ofStore(storeId)?.matched ?? 0),
      durable,
    );
  }

  /** R5: who follows closely is required first. */
  #require(): void {
    const { peers, nowMs, window } = this.#member;
    for (const storeId of this.#joining) if (!this.#isFresh(storeId, nowMs)) this.#joining.delete(storeId);
    for (const { storeId, follows, matched } of peers.all) {
      if (storeId === undefined || !follows || matched + NEARBY_ENTRIES < window.head.index) continue;
      if (this.#isFresh(storeId, nowMs)) this.#joining.add(storeId);
    }
  }

  #propose(): void {
    const { config, self } = this.#member;
    const { possible } = this.#election;
    const successor = this.#isHandingOver ? this.#successor() : undefined;
    if (successor !== undefined) {
      this.#leaveTo(successor);
      return;
    }
    const inSync = this.#wanted();
    if (sameMembers(inSync, config.inSync) && possible.length === 0) return;
    const shrinks = inSync.length < config.inSync.length;
    this.#election.propose({ primary: self, inSync }, shrinks ? 'a backup is gone' : 'a backup is in sync');
  }

  #leaveTo(successor: StoreId): void {
    const { config, self, options } = this.#member;
    const reason = 'the primary handed over';
    if (options.hasRegister) {
      // This one stays in sync: should the successor be lost before it begins, it is the only one that has everything.
      this.#election.propose({ primary: successor, inSync: config.inSync }, reason);
      return;
    }
    // Nobody could leave it out later. The others stay: one of them may have been promoted meanwhile.
    const inSync = config.inSync.filter((storeId) => storeId !== self);
    const epoch = firstEpochAfter(config.epoch, 'handed_over');
    this.#election.adopt({ epoch, primary: successor, inSync }, { isMine: true, reason });
  }

  #wanted(): readonly StoreId[] {
    const { config, self, nowMs, committed, peers, options } = this.#member;
    // Without a register one that is silent may have been promoted meanwhile: only a person can tell.
    const mayDrop = options.hasRegister || this.#member.isPlanted('drop_without_register');
    const kept = config.inSync.filter((id) => id === self || !mayDrop || this.#isFresh(id, nowMs));
    const ready = [...this.#joining].filter(
      (storeId) => !kept.includes(storeId) && (peers.ofStore(storeId)?.matched ?? 0) >= committed,
    );
    return [...kept, ...ready].slice(0, MESSAGE_LIMITS.trackers);
  }

  #successor(): StoreId | undefined {
    const { config, self, nowMs, peers, window, committed } = this.#member;
    if (committed < window.head.index || this.#election.possible.length > 0) return undefined;
    return config.inSync.find(
      (storeId) =>
        storeId !== self &&
        this.#isFresh(storeId, nowMs) &&
        peers.ofStore(storeId)?.matched === window.head.index,
    );
  }

  #isFresh(storeId: StoreId, nowMs: number): boolean {
    const { peers, timings } = this.#member;
    const grantedAtMs = peers.ofStore(storeId)?.grantedAtMs ?? Number.NEGATIVE_INFINITY;
    return nowMs - grantedAtMs < timings.silenceMs;
  }

  #push(peer: Peer): void {
    if (peer.request !== undefined) return;
    const { peers, nowMs, timings, window, committed } = this.#member;
    // Besides entries it lacks the news of what is acknowledged, which those who ask there wait for.
    const isBehind = peer.follows && (peer.matched < window.head.index || peer.toldCommitted < committed);
    if (!isBehind && !this.#member.isDue(peer.sentAtMs + timings.heartbeatMs)) return;
    const message = this.#pushTo(peer);
    peer.toldCommitted = committed;
    const request = peers.asked(peer, { kind: 'push', sentAtMs: nowMs, message });
    this.#member.emit({ kind: 'send', to: peer.name, request, message });
  }

  #pushTo(peer: Peer): SyncRequest {
    const { window } = this.#member;
    const member = { kind: 'push', ...this.#member.introduction() } as const;
    // Who is catching up gets what has been written since, or it would stay behind for as long as somebody writes.
    const last = peer.follows ? peer.matched : peer.reached;
    const from = last === undefined ? undefined : window.at(last);
    if (from === undefined) return { position: window.head, entries: [], member };
    const entries = window.after(from.index, BATCH).map((record) => record.bytes);
    return { position: from, entries, member };
  }
}
