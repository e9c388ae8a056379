/** Serves the messages about groups and about joining them. */
import type { Handlers } from '@minitorrent/rpc-core';
import { createGroup, leaveGroup } from '../commands/groups.ts';
import { acceptJoin, refuseJoin, requestJoin } from '../commands/joins.ts';
import type { trackerContract } from '../contract.ts';
import { groupPage, requestPage } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';

type GroupHandlers = Pick<
  Handlers<typeof trackerContract>,
  | 'create_group'
  | 'join_group'
  | 'leave_group'
  | 'list_groups'
  | 'list_requests'
  | 'accept_request'
  | 'reject_request'
>;

export function createGroupHandlers(parts: ServiceParts): GroupHandlers {
  const { ledger, sessions, callbacks, joinDesk, clock, limits } = parts;
  return {
    create_group: async ({ requestId, groupId }, { connection }) => {
      const { userId } = sessions.require(connection);
      await ledger.execute(createGroup({ groupId, userId, atMs: wallTimeMs(clock) }, limits), { requestId });
      return {};
    },

    join_group: async ({ requestId, groupId }, { connection }) => {
      const { userId } = sessions.require(connection);
      await ledger.execute(requestJoin({ groupId, userId, atMs: wallTimeMs(clock) }, limits), { requestId });
      return { status: await joinDesk.outcome(groupId, userId) };
    },

    leave_group: async ({ requestId, groupId }, { connection }) => {
      const { userId } = sessions.require(connection);
      const waiting = await ledger.read((state) => [
        ...(state.groups.get(groupId)?.joinRequests.keys() ?? []),
      ]);
      await ledger.execute(leaveGroup({ groupId, userId }), { requestId });
      const isGone = await ledger.read((state) => !state.groups.has(groupId));
      // With the group its requests are gone, and nobody else would say so.
      if (isGone) for (const requester of waiting) callbacks.membershipChanged(requester, groupId, 'refused');
      return {};
    },

    list_groups: async ({ after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { items, next } = await ledger.read((state) => groupPage(state, { userId, after }));
      return { groups: items, next };
    },

    list_requests: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { items, next } = await ledger.read((state) => requestPage(state, { groupId, userId, after }));
      return { requests: items, next };
    },

    accept_request: async ({ requestId, groupId, userId }, { connection }) => {
      const by = sessions.require(connection).userId;
      const accept = acceptJoin({ groupId, userId, by, atMs: wallTimeMs(clock) }, limits);
      await ledger.execute(accept, { requestId });
      return {};
    },

    reject_request: async ({ requestId, groupId, userId }, { connection }) => {
      const by = sessions.require(connection).userId;
      await ledger.execute(refuseJoin({ groupId, userId, by }), { requestId });
      return {};
    },
  };
}
