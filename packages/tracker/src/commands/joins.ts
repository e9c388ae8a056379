/** Commands about joining: a request waits until an admin accepts or refuses it, or its user withdraws it. */
import { TrackerError } from '../errors.ts';
import { requireAdmin, requireGroup, requireJoinRequest } from '../guards.ts';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerState } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided, requested } from './command.ts';

type RequestLimits = Pick<
  TrackerLimits,
  'groupsPerUser' | 'waitingRequestsPerGroup' | 'waitingRequestsPerUser'
>;

/**
 * `userId` asks to join; a request that waits already goes on waiting.
 * Fails with `unknown_group`, `already_member`, `limit_reached`.
 */
export function requestJoin(
  join: { groupId: string; userId: string; atMs: number },
  limits: RequestLimits,
): Command {
  const { groupId, userId } = join;
  return createCommand(['join_group', userId, groupId], (state) => {
    const group = requireGroup(state, groupId);
    if (group.members.has(userId)) {
      throw new TrackerError('already_member', `${userId} is a member of ${groupId} already`);
    }
    if (group.joinRequests.has(userId)) return { events: [], result: requested };
    requireRoomForGroup(state, userId, limits);
    requireRoomForRequest(state, join, limits);
    return { events: [{ ...join, kind: 'join_requested' }], result: requested };
  });
}

/** `userId` becomes a member; `unknown_group`, `not_a_member`, `not_an_admin`, `unknown_request`, `limit_reached`. */
export function acceptJoin(
  accept: { groupId: string; userId: string; by: string; atMs: number },
  limits: Pick<TrackerLimits, 'groupsPerUser'>,
): Command {
  const { groupId, userId, by } = accept;
  return createCommand(['accept_request', by, groupId, userId], (state) => {
    requireDecidable(state, accept);
    requireRoomForGroup(state, userId, limits);
    return decided({ ...accept, kind: 'join_accepted' });
  });
}

/** The request is gone, and may be made again; `unknown_group`, `not_a_member`, `not_an_admin`, `unknown_request`. */
export function refuseJoin(refuse: { groupId: string; userId: string; by: string }): Command {
  const { groupId, userId, by } = refuse;
  return createCommand(['reject_request', by, groupId, userId], (state) => {
    requireDecidable(state, refuse);
    return decided({ ...refuse, kind: 'join_refused' });
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

function requireDecidable(
  state: TrackerState,
  decision: { groupId: string; userId: string; by: string },
): void {
  const group = requireGroup(state, decision.groupId);
  requireAdmin(group, decision.by);
  requireJoinRequest(group, decision.userId);
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
