/**
 * Puts join requests to the admins who are online, and waits a short while for what comes of it.
 *
 * What affects when a request is decided:
 * - it is in the journal before anybody is asked; asking only makes a decision come sooner;
 * - every admin's peer that is connected is asked, each about a bounded number of requests at a time, and about one
 *   request once at a time; when an admin logs in, their peer is asked about all that wait;
 * - an answer counts as if the admin had called `accept_request` or `reject_request`: the first one decides, a late one
 *   finds no request any more;
 * - whoever waits looks at the state in the end, whatever has woken them.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { isTrackerError, TrackerError } from '../errors.ts';
import { adminsOf } from '../guards.ts';
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerLog } from '../log.ts';
import type { Group } from '../model.ts';
import { requestPage, type WaitingRequest } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import { createWorkQueue, type WorkQueue } from '../work-queue.ts';
import type { Authority } from './authority.ts';
import type { Callbacks } from './callbacks.ts';
import type { Session, Sessions } from './sessions.ts';

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
  /** What the user is after a short wait: `member` or `requested`; fails with `join_refused` when neither. */
  outcome(groupId: string, userId: string): Promise<'member' | 'requested'>;
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

  async outcome(groupId: string, userId: string): Promise<'member' | 'requested'> {
    const { ledger, sessions } = this.#parts;
    const request = await ledger.read((state) => findRequest(state.groups.get(groupId), userId));
    const online = request?.admins.flatMap((admin) => sessions.ofUser(admin)) ?? [];
    if (request !== undefined && online.length > 0) {
      await this.#settledWithin(request, Promise.all(online.map((session) => this.#ask(session, request))));
    }
    const group = await ledger.read((state) => {
      const found = state.groups.get(groupId);
      return { isMember: found?.members.has(userId), waits: found?.joinRequests.has(userId) };
    });
    if (group.isMember) return 'member';
    if (group.waits) return 'requested';
    throw new TrackerError(
      'join_refused',
      `${userId} was not let into ${groupId}: the request was refused or withdrawn; join_group asks again`,
    );
  }

  askAbout(session: Session): void {
    const { ledger, clock, log } = this.#parts;
    clock.schedule(0, () => {
      ledger
        .read((state) => requestPage(state, { groupId: '', userId: session.userId, after: '' }))
        .then(({ items }) => Promise.all(items.map((request) => this.#ask(session, request))))
        .catch((error: unknown) => log({ kind: 'background_failed', task: 'ask an admin', error }));
    });
  }

  requested(groupId: string, userId: string): void {
    const { ledger, sessions, clock } = this.#parts;
    // Whoever asks at this tracker waits for the outcome, which asks the admins, too.
    if (sessions.ofUser(userId).length > 0) return;
    clock.schedule(0, () => {
      const request = findRequest(ledger.latest.groups.get(groupId), userId);
      if (request === undefined) return;
      const online = request.admins.flatMap((admin) => sessions.ofUser(admin));
      for (const session of online) void this.#ask(session, request);
    });
  }

  settled(groupId: string, userId: string): void {
    for (const wake of this.#waiting.get(keyOf({ groupId, userId })) ?? []) wake();
  }

  /** Until the request is settled, or nobody is left who could decide it now, or the time is over. */
  async #settledWithin(request: WaitingRequest, answered: Promise<unknown>): Promise<void> {
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
  #ask(session: Session, request: WaitingRequest): Promise<void> {
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

  async #askNow(session: Session, request: WaitingRequest): Promise<void> {
    const { authority, sessions, callbacks, clock } = this.#parts;
    const isOnline = (): boolean => sessions.find(session.connection) === session;
    if (!isOnline()) return;
    const { groupId, userId } = request;
    const decision = await callbacks.peerAuthentication(session, request);
    // Who logged out meanwhile no longer speaks for the user.
    if (decision === 'undecided' || !isOnline()) return;
    const by = session.userId;
    const about = { groupId, userId, by };
    try {
      await authority.execute(
        decision === 'accept'
          ? { kind: 'accept_request', ...about, atMs: wallTimeMs(clock) }
          : { kind: 'reject_request', ...about },
      );
    } catch (error) {
      // Somebody else was faster, or this one is no longer an admin.
      if (!isTrackerError(error, 'unknown_request', 'unknown_group', 'not_an_admin', 'not_a_member'))
        throw error;
    }
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

interface OpenRequest extends WaitingRequest {
  readonly admins: readonly string[];
}

function findRequest(group: Group | undefined, userId: string): OpenRequest | undefined {
  const request = group?.joinRequests.get(userId);
  if (group === undefined || request === undefined) return undefined;
  return { ...request, groupId: group.groupId, admins: adminsOf(group) };
}

function keyOf({ groupId, userId }: { readonly groupId: string; readonly userId: string }): string {
  return `${groupId}\0${userId}`;
}
