/**
 * Keeps what this device shows of itself: for each group of the user the proof that lets it in, and a fresh stamp.
 *
 * It asks trackers after a login, when a membership changed, when trackers come back, and before a stamp has half run out.
 * The first key of a group that it sees is pinned in the library until the user leaves the group or founds it anew: a tracker
 * that tells of another one is not believed, nor does it make this device forget the key by telling of a removal.
 * Everything is in the library before anybody is told, so that all of it is there again after a restart without trackers.
 */
import { type Clock, type Random, RpcError } from '@minitorrent/rpc-core';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import { type CheckedProof, checkProof, MESSAGE_LIMITS, readStamp } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import type { MembershipCard } from '../admission.ts';
import type { Admissions } from '../admissions.ts';
import { PeerError } from '../errors.ts';
import type { MembershipGuard, Revocation } from '../membership-guard.ts';
import { RecentMap } from '../recent-map.ts';
import type { TrackerClient } from '../tracker-client.ts';
import { settledBy, untilAborted } from '../waiting.ts';
import type { MembershipRecords } from './membership-records.ts';
import type { TrackerLinks } from './tracker-links.ts';

const log = createDebug('minitorrent:peer:membership');

/** How long one question looks for a tracker. */
const PATIENCE_MS = 5_000;
/** Between two attempts while no tracker gives stamps; whoever comes back wakes it sooner. */
const RETRY_MS = 10_000;
/** A stamp that is short, because a clock is wrong, is not asked for more often than this. */
const SHORTEST_PAUSE_MS = 10_000;
/** Whoever needs a proof that is not there has it asked for, but not again at once. */
const ASK_AGAIN_MS = 1_000;
/** How long what has ended is held back for something newer: the other peer waits for it, and may be in the same position. */
const NEWER_MS = 1_000;
/** Twice what a tracker lets a user be in: of more than these no tracker is believed that the user is in them. */
const MAX_GROUPS = 1_000;
/** Of so many keys that are not believed it is told once. */
const REMEMBERED_WRONG_KEYS = 1_024;

export interface MembershipKeeperOptions {
  readonly deviceId: Uint8Array;
  readonly clock: Clock;
  readonly random: Random;
  readonly records: MembershipRecords;
  readonly guard: MembershipGuard;
  readonly admissions: Pick<Admissions, 'revoke' | 'endAll' | 'trackersChanged'>;
  readonly links: Pick<TrackerLinks, 'call' | 'watch'> & {
    readonly links: readonly { readonly isLive: boolean }[];
  };
  /** This device has something newer to show. */
  onRenewed(groupId: string): void;
  /** `wrong_group_key`: told once for each key. */
  onWrongKey(groupId: string, error: PeerError): void;
}

/** The user who is logged in. */
interface Tenure {
  readonly userId: string;
  readonly ending: AbortController;
  readonly groups: Set<string>;
  /** Those that the user is out of by the word of a tracker, and whose keys are kept. */
  readonly lost: Set<string>;
  readonly cards: Map<string, MembershipCard>;
  running: Promise<void>;
}

type GroupStamp = Awaited<ReturnType<TrackerClient['group_stamps']>>['stamps'][number];

export class MembershipKeeper {
  readonly #options: MembershipKeeperOptions;
  readonly #unwatch: () => void;
  readonly #wrongKeys = new RecentMap<string, true>(REMEMBERED_WRONG_KEYS);
  readonly #asked = new Map<
    string,
    { readonly atMs: number; readonly done: Promise<void>; isDone: boolean }
  >();
  /** Whom a tracker let in last. */
  #letIn: { readonly userId: string; readonly groups: readonly string[] } | undefined;
  #tenure: Tenure | undefined;
  #isAnswered = false;
  #hadTracker = false;
  #wake: () => void = () => undefined;

  constructor(options: MembershipKeeperOptions) {
    this.#options = options;
    this.#unwatch = options.links.watch(() => this.#linksChanged());
  }

  /** Whether a tracker can be reached that gives stamps, as far as is known. */
  get hasTracker(): boolean {
    return this.#isAnswered && this.#isLinked;
  }

  /** The key that is pinned for the group. */
  groupKey(groupId: string): Uint8Array | undefined {
    return this.#options.guard.groupKey(groupId);
  }

  /** Whether a removal that is known here makes the proof void. */
  isRevoked(proof: CheckedProof): boolean {
    return this.#options.guard.isRevoked(proof);
  }

  /** What this device can show of itself at once. */
  card(groupId: string): MembershipCard | undefined {
    return this.#tenure?.cards.get(groupId);
  }

  /** The same, asked for where it is not there, or has ended and a tracker is. Fails with `not_admitted`. */
  async obtain(groupId: string, signal: AbortSignal): Promise<MembershipCard> {
    const tenure = this.#tenure;
    const known = this.card(groupId);
    if (tenure !== undefined && this.#isLate(known)) {
      tenure.groups.add(groupId);
      const asked = this.#askOnce(tenure, groupId);
      await untilAborted(known === undefined ? asked : this.#soon(asked, signal), signal);
    }
    const card = this.card(groupId);
    if (card !== undefined) return card;
    throw new RpcError(
      'not_admitted',
      `Cannot prove that this device belongs to ${groupId}: nobody let it in`,
    );
  }

  /** A tracker let the user in, now or again, and says what they belong to. */
  letIn(userId: string, memberships: readonly { readonly groupId: string }[]): void {
    const groups = memberships.map(({ groupId }) => groupId);
    this.#letIn = { userId, groups };
    const tenure = this.#tenure;
    if (tenure?.userId !== userId) return;
    const unknown = groups.filter((groupId) => !tenure.groups.has(groupId) && addTo(tenure, groupId));
    if (unknown.length > 0) void this.#ask(tenure, unknown);
  }

  /** The user is logged in: takes up what the library knows, and asks trackers. Resolves before they answer. */
  begin(userId: string): void {
    const { records, guard } = this.#options;
    const tenure: Tenure = {
      ...{ userId, ending: new AbortController(), groups: new Set(), lost: new Set(), cards: new Map() },
      running: Promise.resolve(),
    };
    this.#tenure = tenure;
    for (const { groupId, groupKey, card } of records.all(userId)) {
      guard.pin(groupId, groupKey);
      tenure.groups.add(groupId);
      if (card !== undefined) tenure.cards.set(groupId, card);
    }
    if (this.#letIn?.userId === userId) for (const groupId of this.#letIn.groups) addTo(tenure, groupId);
    for (const revocation of records.revocations(userId)) guard.revoke(revocation);
    tenure.running = this.#run(tenure);
  }

  /** Nobody is logged in. */
  async end(): Promise<void> {
    const tenure = this.#tenure;
    this.#tenure = undefined;
    this.#letIn = undefined;
    this.#isAnswered = false;
    tenure?.ending.abort(new PeerError('closed', 'Cannot go on: nobody is logged in'));
    this.#options.admissions.endAll();
    this.#options.guard.clear();
    this.#asked.clear();
    this.#wrongKeys.clear();
    await tenure?.running;
  }

  /** Idempotent. */
  async close(): Promise<void> {
    this.#unwatch();
    await this.end();
  }

  /**
   * The user founded this group or was invited to it, and knows its key better than trackers do. Fails with
   * `wrong_group_key` where another one is known.
   */
  pin(groupId: string, groupKey: Uint8Array): void {
    const { guard, records } = this.#options;
    if (this.#tenure === undefined) return;
    const isNew = guard.groupKey(groupId) === undefined;
    if (!guard.pin(groupId, groupKey)) throw wrongKey(groupId);
    this.#tenure.groups.add(groupId);
    if (isNew) records.put(this.#tenure.userId, { groupId, groupKey, card: undefined });
  }

  /** What the user is in this group is another thing now: what this device shows may be, too. */
  changed(groupId: string): void {
    const tenure = this.#tenure;
    if (tenure !== undefined && addTo(tenure, groupId)) void this.#ask(tenure, [groupId]);
  }

  /**
   * A tracker tells that the user is in this group no more. This device has nothing to show any more, but the key stays, and
   * who was removed: or else that tracker could let the user into a group of its own under that name.
   */
  removed(groupId: string): void {
    const { records, guard } = this.#options;
    const tenure = this.#tenure;
    if (tenure === undefined) return;
    this.#drop(tenure, groupId);
    const groupKey = guard.groupKey(groupId);
    if (groupKey === undefined) return;
    tenure.lost.add(groupId);
    records.put(tenure.userId, { groupId, groupKey, card: undefined });
  }

  /** The user wants no more of this group: its key, and all that is known of it, goes. */
  left(groupId: string): void {
    const { records, guard } = this.#options;
    const tenure = this.#tenure;
    if (tenure === undefined) return;
    this.#drop(tenure, groupId);
    guard.forget(groupId);
    records.remove(tenure.userId, groupId);
  }

  /** A tracker tells that these devices were removed. It is in the library, and done, when this returns. */
  revoked(revocation: Revocation): void {
    if (this.#tenure !== undefined) this.#revoke(this.#tenure, [revocation]);
  }

  /** Of groups that are none of the user's nothing is kept. */
  #revoke(tenure: Tenure, told: readonly Revocation[]): void {
    const { records, admissions, deviceId } = this.#options;
    const { groups, lost, userId } = tenure;
    const own = told.filter(({ groupId }) => groups.has(groupId) || lost.has(groupId));
    if (own.length === 0) return;
    records.putRevocations(userId, own);
    for (const revocation of own) {
      admissions.revoke(revocation);
      // Perhaps only the role changed, and there is a new proof.
      const isMine =
        revocation.userId === userId && revocation.deviceIds.some((device) => isSameDevice(device, deviceId));
      if (isMine && groups.has(revocation.groupId)) this.changed(revocation.groupId);
    }
  }

  #drop({ groups, lost, cards }: Tenure, groupId: string): void {
    groups.delete(groupId);
    lost.delete(groupId);
    cards.delete(groupId);
    this.#asked.delete(groupId);
    this.#options.admissions.endAll(groupId);
  }

  /** Whether asking may bring something better. */
  #isLate(card: MembershipCard | undefined): boolean {
    if (card === undefined) return true;
    const endsMs = readStamp(card.stamp)?.stamp.notAfterMs ?? 0;
    return this.#isLinked && this.#options.clock.wallNow() > endsMs;
  }

  get #isLinked(): boolean {
    return this.#options.links.links.some((link) => link.isLive);
  }

  #linksChanged(): void {
    // One that came back is asked at once.
    if (this.#isLinked && !this.#isAnswered) this.#wake();
    if (!this.#isLinked) this.#isAnswered = false;
    this.#trackersChanged();
  }

  #trackersChanged(): void {
    if (this.hasTracker === this.#hadTracker) return;
    this.#hadTracker = this.hasTracker;
    this.#options.admissions.trackersChanged();
  }

  async #run(tenure: Tenure): Promise<void> {
    const { clock } = this.#options;
    const { signal } = tenure.ending;
    while (!signal.aborted) {
      const isAnswered = await this.#ask(tenure, [...tenure.groups]);
      if (signal.aborted) return;
      this.#isAnswered = isAnswered;
      this.#trackersChanged();
      await settledBy(signal, (settle) => {
        this.#wake = settle;
        return clock.schedule(isAnswered ? this.#pauseMs(tenure) : RETRY_MS, settle);
      });
    }
  }

  /** As `#ask`, one question at a time, and not again at once. */
  #askOnce(tenure: Tenure, groupId: string): Promise<void> {
    const nowMs = this.#options.clock.now();
    const last = this.#asked.get(groupId);
    if (last !== undefined && (!last.isDone || nowMs < last.atMs + ASK_AGAIN_MS)) return last.done;
    const done = this.#ask(tenure, [groupId]).then(() => {
      question.isDone = true;
    });
    const question = { atMs: nowMs, done, isDone: false };
    this.#asked.set(groupId, question);
    return done;
  }

  /** When it is settled, or has taken too long. It never rejects. */
  #soon(asked: Promise<void>, signal: AbortSignal): Promise<void> {
    return settledBy(signal, (settle) => {
      void asked.then(settle);
      return this.#options.clock.schedule(NEWER_MS, settle);
    });
  }

  /** Asks for proofs and stamps of these groups. False where no tracker gives any. Never rejects. */
  async #ask(tenure: Tenure, groups: readonly string[]): Promise<boolean> {
    const { links } = this.#options;
    const { signal } = tenure.ending;
    let left = groups;
    try {
      // An answer may be cut short where it is full; one without anything is about groups that the user is not in.
      for (let isFirst = true; isFirst || left.length > 0; isFirst = false) {
        const some = left.slice(0, MESSAGE_LIMITS.groupsPerStamps);
        const { stamps } = await links.call((client, call) => client.group_stamps({ groups: some }, call), {
          ...{ signal, patienceMs: PATIENCE_MS },
        });
        if (signal.aborted) return false;
        const answered = new Set(stamps.map(({ groupId }) => groupId));
        const own = stamps.filter(({ groupId }) => some.includes(groupId));
        this.#catchUp(tenure, own);
        for (const { groupId, membership } of own) this.#take(tenure, groupId, membership);
        left = left.filter((id) => !answered.has(id) && (answered.size > 0 || !some.includes(id)));
      }
      return true;
    } catch (error) {
      if (!signal.aborted) log('no tracker gives stamps: %s', String(error));
      return false;
    }
  }

  /** Removals that were told while this peer was away: all of an answer at once, because each write waits for the disk. */
  #catchUp(tenure: Tenure, stamps: readonly Pick<GroupStamp, 'groupId' | 'revoked'>[]): void {
    const told = stamps.flatMap(({ groupId, revoked }) =>
      revoked.map(({ userId, deviceId, memberEpoch }) => {
        return { groupId, memberEpoch, userId, deviceIds: [deviceId.slice()] };
      }),
    );
    this.#revoke(
      tenure,
      told.filter((revocation) => this.#options.guard.isNews(revocation)),
    );
  }

  #take(tenure: Tenure, groupId: string, card: MembershipCard | undefined): void {
    const { deviceId, guard, records, clock, onRenewed } = this.#options;
    if (card === undefined || !tenure.groups.has(groupId)) {
      log('nothing lets this device into %s', groupId);
      return;
    }
    const known = tenure.cards.get(groupId);
    if (known !== undefined && isSame(known, card)) return;
    const groupKey = this.#ownKey(tenure, groupId, card.proof);
    if (groupKey === undefined) return;
    const when = { nowMs: clock.wallNow(), hasTracker: true };
    const verdict = guard.check({ groupId, ...card, deviceId }, when);
    if (verdict.kind === 'refused') {
      log('a tracker gave a card for %s that is good for nothing: %s', groupId, verdict.reason);
      return;
    }
    const kept = { proof: card.proof.slice(), stamp: card.stamp.slice() };
    records.put(tenure.userId, { groupId, groupKey, card: kept });
    tenure.cards.set(groupId, kept);
    onRenewed(groupId);
  }

  /** The key of the group, pinned if it is the first; undefined where the proof is not this device's, or of another group. */
  #ownKey({ userId }: Tenure, groupId: string, proof: Uint8Array): Uint8Array | undefined {
    const { deviceId, guard, onWrongKey } = this.#options;
    const checked = checkProof(proof);
    if (!checked.isSound || checked.member.userId !== userId || checked.member.groupId !== groupId) {
      log(
        'a tracker gave a proof for %s that is none: %s',
        groupId,
        checked.isSound ? 'whose?' : checked.reason,
      );
      return undefined;
    }
    const { groupKey, member } = checked;
    if (!isSameDevice(member.deviceId, deviceId)) return undefined;
    if (guard.pin(groupId, groupKey)) return groupKey;
    const name = `${groupId} ${Buffer.from(groupKey).toString('base64')}`;
    if (this.#wrongKeys.get(name) === undefined) onWrongKey(groupId, wrongKey(groupId));
    this.#wrongKeys.set(name, true);
    return undefined;
  }

  /** Until the first stamp has half run out, and not all peers in the same moment. */
  #pauseMs({ cards }: Tenure): number {
    const { clock, random } = this.#options;
    const nowMs = clock.wallNow();
    let leftMs = LONGEST_PAUSE_MS * 2;
    for (const { stamp } of cards.values())
      leftMs = Math.min(leftMs, (readStamp(stamp)?.stamp.notAfterMs ?? nowMs) - nowMs);
    const halfMs = Math.max(SHORTEST_PAUSE_MS, leftMs / 2);
    return halfMs - random.integer(Math.floor(halfMs / 8));
  }
}

/** Half of the longest life that a stamp has: a peer without any looks as often whether a tracker is there. */
const LONGEST_PAUSE_MS = 300_000;

/** A tracker says that the user is in that group, or may be: false where there are too many. */
function addTo({ groups, lost }: Tenure, groupId: string): boolean {
  if (!groups.has(groupId) && !lost.has(groupId) && groups.size + lost.size >= MAX_GROUPS) {
    log('does not ask about %s: the user is in too many groups', groupId);
    return false;
  }
  lost.delete(groupId);
  groups.add(groupId);
  return true;
}

function isSame(a: MembershipCard, b: MembershipCard): boolean {
  return Buffer.compare(a.proof, b.proof) === 0 && Buffer.compare(a.stamp, b.stamp) === 0;
}

function wrongKey(groupId: string): PeerError {
  const message = `Cannot believe the tracker about ${groupId}: its group of that name has another founder than the one known here`;
  return new PeerError('wrong_group_key', message);
}
