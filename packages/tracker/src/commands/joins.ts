/**
 * Commands about joining: a request waits until an admin accepts or refuses it, or its user withdraws it.
 *
 * A member's request is about devices of theirs that nothing lets in yet; it may be decided by the user's other devices,
 * too.
 */
import { TrackerError } from '../errors.ts';
import { requireGroup, requireJoinRequest } from '../guards.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Group, TrackerState } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided, requested } from './command.ts';
import { type Asker, badProof, grantOf, grantsBy, requireAdminDevice, wordsOf } from './grants.ts';

type RequestLimits = Pick<
  TrackerLimits,
  'groupsPerUser' | 'waitingRequestsPerGroup' | 'waitingRequestsPerUser'
>;

export interface Join {
  readonly groupId: string;
  readonly userId: string;
  readonly byDevice: Uint8Array;
  readonly atMs: number;
}

/**
 * `userId` asks to join, or asks for a further device; a request that waits already goes on waiting.
 * Fails with `unknown_group`, `already_member`, `limit_reached`.
 */
export function requestJoin(join: Join, limits: RequestLimits): Command {
  const { groupId, userId, atMs } = join;
  return createCommand(['join_group', userId, groupId], (state) => {
    const group = requireGroup(state, groupId);
    requireOutside(group, join);
    if (group.joinRequests.has(userId)) return { events: [], result: requested };
    if (!group.members.has(userId)) requireRoomForGroup(state, userId, limits);
    requireRoomForRequest(state, join, limits);
    return { events: [{ kind: 'join_requested', groupId, userId, atMs }], result: requested };
  });
}

/** About the request of `userId`. */
interface Verdict extends Asker {
  readonly groupId: string;
  readonly userId: string;
  readonly atMs: number;
}

interface Accept extends Verdict {
  /** Of the user's devices. */
  readonly proofs?: readonly Uint8Array[] | undefined;
}

/**
 * `userId` becomes a member, or further devices of a member are let in. Fails with `unknown_group`, `not_a_member`,
 * `not_an_admin`, `not_admitted`, `unknown_request`, `limit_reached`, `bad_proof`, `group_changed`.
 */
export function acceptJoin(accept: Accept, limits: Pick<TrackerLimits, 'groupsPerUser'>): Command {
  const { groupId, userId, by, byDevice, atMs, proofs = [] } = accept;
  return createCommand(['accept_request', by, groupId, userId, ...wordsOf(...proofs)], (state) => {
    const group = requireDecidable(state, accept);
    const member = group.members.get(userId);
    if (member === undefined) requireRoomForGroup(state, userId, limits);
    const role = member?.role ?? 'member';
    const grants = grantsBy(state, group, { userId, role, by, byDevice, atMs, proofs });
    if (member !== undefined && grants.length === 0)
      throw badProof(`there is none, and ${userId} asks for one, for a further device`);
    return decided({ kind: 'join_accepted', groupId, userId, by, atMs }, ...grants);
  });
}

/**
 * The request is gone, and may be made again. Fails with `unknown_group`, `not_a_member`, `not_an_admin`, `not_admitted`,
 * `unknown_request`.
 */
export function refuseJoin(refuse: Verdict): Command {
  const { groupId, userId, by } = refuse;
  return createCommand(['reject_request', by, groupId, userId], (state) => {
    requireDecidable(state, refuse);
    return decided({ kind: 'join_refused', groupId, userId, by });
  });
}

/** Nothing, or `limit_reached` for a user who is in as many groups as one may be. */
export function requireRoomForGroup(
  state: TrackerState,
  userId: string,
  limits: Pick<TrackerLimits, 'groupsPerUser'>,
): void {
  const groups = state.groupsOf.get(userId)?.size ?? 0;
  if (groups < limits.groupsPerUser) return;
  throw new TrackerError(
    'limit_reached',
    `${userId} is in ${groups} groups, which is the most; leave one first`,
  );
}

/** Nothing, or `already_member`: but the devices of a member are let in one by one. */
export function requireOutside(group: Group, { groupId, userId, byDevice, atMs }: Join): void {
  if (!group.members.has(userId)) return;
  const canBeLetIn = group.groupKey !== undefined;
  if (canBeLetIn && grantOf(group, { userId, deviceId: byDevice }, atMs) === undefined) return;
  throw new TrackerError('already_member', `${userId} is a member of ${groupId} already`);
}

function requireDecidable(state: TrackerState, verdict: Verdict): Group {
  const { groupId, userId, by, atMs } = verdict;
  const group = requireGroup(state, groupId);
  if (by !== userId || !group.members.has(by)) requireAdminDevice(group, verdict, atMs);
  requireJoinRequest(group, userId);
  return group;
}

function requireRoomForRequest(
  state: TrackerState,
  join: { groupId: string; userId: string },
  limits: RequestLimits,
): void {
  const { groupId, userId } = join;
  const own = state.waitingFor.get(userId)?.size ?? 0;
  if (own >= limits.waitingRequestsPerUser) {
    throw new TrackerError(
      'limit_reached',
      `${own} requests of ${userId} wait already, which is the most; withdraw one with leave_group`,
    );
  }
  const all = requireGroup(state, groupId).joinRequests.size;
  if (all >= limits.waitingRequestsPerGroup) {
    throw new TrackerError(
      'limit_reached',
      `${all} requests to join ${groupId} wait already; try again later`,
    );
  }
}
