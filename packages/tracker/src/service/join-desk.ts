/**
 * Puts join requests to the admins who are online, and waits a short while for what comes of it.
 *
 * What affects when a request is decided:
 * - it is in the journal before anybody is asked; asking only makes a decision come sooner;
 * - every admin's peer that is connected is asked, each about a bounded number of requests at a time, and about one
 *   request once at a time; when an admin logs in, their peer is asked about all that wait;
 * - about further devices of a member the devices of that user are asked, too, which are in;
 * - an answer counts as if the admin had called `accept_request` or `reject_request`: the first one decides, a late one
 *   finds no request any more;
 * - whoever waits looks at the state in the end, whatever has woken them.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { type Asker, grantOf, isAdminDevice } from '../commands/grants.ts';
import { deviceIdOf } from '../device-key.ts';
import { isTrackerError, TrackerError } from '../errors.ts';
import { adminsOf } from '../guards.ts';
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerLog } from '../log.ts';
import type { Group, TrackerState } from '../model.ts';
import { requestPage, type WaitingRequest, waitingRequest } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import { createWorkQueue, type WorkQueue } from '../work-queue.ts';
import type { Authority } from './authority.ts';
import type { AdminDecision, Callbacks } from './callbacks.ts';
import type { Session, Sessions } from './sessions.ts';

/** How often the same is asked when the group changed while somebody signed. */
const ATTEMPTS = 3;

export interface JoinDeskParts {
  readonly ledger: Ledger;
  readonly authority: Authority;
  readonly sessions: Sessions;
  readonly callbacks: Callbacks;
  readonly clock: Clock;
  readonly limits: TrackerLimits;
  readonly log: TrackerLog;
}

export interface JoinDesk {
  /**
   * What becomes of a request in a short wait: `member` or `requested`; fails with `join_refused` when neither. `device` is
   * that of a member who asks for it.
   */
  outcome(groupId: string, userId: string, device?: Uint8Array): Promise<'member' | 'requested'>;
  /** Puts everything that waits for this admin to their peer, after the answer of the present call. */
  askAbout(session: Session): void;
  /** A request was made, at this tracker or another one: the admins who are online here are asked about it. */
  requested(groupId: string, userId: string): void;
  /** The request is decided or withdrawn: whoever waits for it looks again. */
  settled(groupId: string, userId: string): void;
}

export function createJoinDesk(parts: JoinDeskParts): JoinDesk {
  return new AdminJoinDesk(parts);
}

class AdminJoinDesk implements JoinDesk {
  readonly #parts: JoinDeskParts;
  /** By request: what wakes those who wait for it. */
  readonly #waiting = new Map<string, Set<() => void>>();
  /** By session: the questions that its peer has not answered. A session that ends takes them along. */
  readonly #questions = new WeakMap<Session, { queue: WorkQueue; open: Map<string, Promise<void>> }>();

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
  }

  async outcome(groupId: string, userId: string, device?: Uint8Array): Promise<'member' | 'requested'> {
    const { ledger } = this.#parts;
    const request = { groupId, userId };
    const online = await ledger.read((state) => this.#whoDecides(state, request));
    if (online.length > 0) {
      await this.#settledWithin(request, Promise.all(online.map((session) => this.#ask(session, request))));
    }
    const { isIn, waits } = await ledger.read((state) => {
      const group = state.groups.get(groupId);
      return { isIn: isLetIn(group, userId, device), waits: group?.joinRequests.has(userId) };
    });
    if (isIn) return 'member';
    if (waits) return 'requested';
    throw new TrackerError(
      'join_refused',
      `${userId} was not let into ${groupId}: the request was refused or withdrawn; join_group asks again`,
    );
  }

  askAbout(session: Session): void {
    const { ledger, clock, log } = this.#parts;
    clock.schedule(0, () => {
      const ask = { groupId: '', userId: session.userId, after: '', maxBytes: Number.POSITIVE_INFINITY };
      ledger
        .read((state) => {
          const { items } = requestPage(state, { ...ask, nowMs: wallTimeMs(clock) });
          return items.filter((request) => this.#whoDecides(state, request).includes(session));
        })
        .then((requests) => Promise.all(requests.map((request) => this.#ask(session, request))))
        .catch((error: unknown) => log({ kind: 'background_failed', task: 'ask an admin', error }));
    });
  }

  requested(groupId: string, userId: string): void {
    const { ledger, sessions, clock } = this.#parts;
    const isMember = ledger.latest.groups.get(groupId)?.members.has(userId) === true;
    // Whoever asks at this tracker waits for the outcome, which asks the admins, too. Of a member's devices one may be here
    // and another one ask elsewhere.
    if (!isMember && sessions.ofUser(userId).length > 0) return;
    clock.schedule(0, () => {
      const request = { groupId, userId };
      for (const session of this.#whoDecides(ledger.latest, request)) void this.#ask(session, request);
    });
  }

  settled(groupId: string, userId: string): void {
    for (const wake of this.#waiting.get(keyOf({ groupId, userId })) ?? []) wake();
  }

  /** Until the request is settled, or nobody is left who could decide it now, or the time is over. */
  async #settledWithin(request: RequestName, answered: Promise<unknown>): Promise<void> {
    const key = keyOf(request);
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiting = this.#waiting.get(key) ?? new Set();
    this.#waiting.set(key, waiting.add(resolve));
    const cancelTimer = this.#parts.clock.schedule(this.#parts.limits.joinAnswerMs, resolve);
    void answered.then(() => resolve());
    await promise;
    cancelTimer();
    waiting.delete(resolve);
    if (waiting.size === 0) this.#waiting.delete(key);
  }

  /** One question at a time about the same request; never fails. */
  #ask(session: Session, request: RequestName): Promise<void> {
    const { queue, open } = this.#questionsOf(session);
    const key = keyOf(request);
    const earlier = open.get(key);
    if (earlier !== undefined) return earlier;
    const asked = queue
      .run(() => this.#askNow(session, request))
      .catch((error: unknown) => this.#parts.log({ kind: 'background_failed', task: 'ask an admin', error }))
      .finally(() => open.delete(key));
    open.set(key, asked);
    return asked;
  }

  async #askNow(session: Session, name: RequestName): Promise<void> {
    const { sessions, callbacks, ledger, clock } = this.#parts;
    const isOnline = (): boolean => sessions.find(session.connection) === session;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const request = await ledger.read((state) => openRequest(state, name, wallTimeMs(clock)));
      if (request === undefined || !isOnline()) return;
      const answer = await callbacks.peerAuthentication(session, request);
      // Who logged out meanwhile no longer speaks for the user.
      if (answer.decision === 'undecided' || !isOnline()) return;
      if (await this.#isDecided(answer, { ...name, ...askerOf(session) })) return;
    }
  }

  /** False where it has to be asked again. */
  async #isDecided({ decision, proofs }: AdminDecision, name: RequestName & Asker): Promise<boolean> {
    const { authority, clock } = this.#parts;
    const about = { ...name, atMs: wallTimeMs(clock) };
    try {
      await authority.execute(
        decision === 'accept'
          ? { kind: 'accept_request', ...about, proofs }
          : { kind: 'reject_request', ...about },
      );
    } catch (error) {
      if (isTrackerError(error, 'group_changed')) return false;
      // Somebody else was faster, or this one is no longer an admin, or not on this device.
      if (!isTrackerError(error, 'unknown_request', 'unknown_group', ...NOT_THEIRS)) throw error;
    }
    return true;
  }

  /** Who is online here and may decide: devices of admins, and of a member those that are in. Not the device that asks. */
  #whoDecides(state: TrackerState, { groupId, userId }: RequestName): readonly Session[] {
    const { sessions, clock } = this.#parts;
    const group = state.groups.get(groupId);
    if (group?.joinRequests.has(userId) !== true) return [];
    const own = group.members.has(userId) ? sessions.ofUser(userId) : [];
    const atMs = wallTimeMs(clock);
    const others = adminsOf(group).filter((admin) => admin !== userId);
    return [
      ...own.filter(({ device }) => grantOf(group, { userId, deviceId: deviceIdOf(device) }, atMs)),
      ...others
        .flatMap((admin) => sessions.ofUser(admin))
        .filter((session) =>
          isAdminDevice(group, { ...session, deviceId: deviceIdOf(session.device) }, atMs),
        ),
    ];
  }

  #questionsOf(session: Session): { queue: WorkQueue; open: Map<string, Promise<void>> } {
    const { questionsAtOnce, waitingRequestsPerGroup } = this.#parts.limits;
    const limits = { atOnce: questionsAtOnce, queued: waitingRequestsPerGroup };
    const questions = this.#questions.get(session) ?? {
      queue: createWorkQueue({ ...limits, busy: 'This admin has enough questions to answer' }),
      open: new Map(),
    };
    this.#questions.set(session, questions);
    return questions;
  }
}

/** Whose answer it was does not count any more. */
const NOT_THEIRS = [
  'device_revoked',
  'not_a_member',
  'not_admitted',
  'not_an_admin',
  'unknown_device',
] as const;

function askerOf({ userId, device }: Session): Asker {
  return { by: userId, byDevice: deviceIdOf(device) };
}

/** A user, or a device of a user who was a member before. */
function isLetIn(group: Group | undefined, userId: string, deviceId: Uint8Array | undefined): boolean {
  if (group?.members.has(userId) !== true) return false;
  if (deviceId === undefined || group.groupKey === undefined) return true;
  return grantOf(group, { userId, deviceId }, 0) !== undefined;
}

interface RequestName {
  readonly groupId: string;
  readonly userId: string;
}

function openRequest(
  state: TrackerState,
  { groupId, userId }: RequestName,
  nowMs: number,
): WaitingRequest | undefined {
  const group = state.groups.get(groupId);
  return group && waitingRequest(state, group, userId, nowMs);
}

function keyOf({ groupId, userId }: RequestName): string {
  return `${groupId}\0${userId}`;
}
