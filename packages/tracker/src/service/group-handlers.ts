/** Serves the messages about groups and about joining them. */
import type { Handlers } from '@minitorrent/rpc-core';
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
  const { ledger, authority, sessions, callbacks, joinDesk, clock } = parts;
  return {
    create_group: async ({ requestId, groupId }, { connection, signal }) => {
      const { userId } = sessions.require(connection);
      const change = { kind: 'create_group', groupId, userId, atMs: wallTimeMs(clock) } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    join_group: async ({ requestId, groupId }, { connection, signal }) => {
      const { userId } = sessions.require(connection);
      const change = { kind: 'join_group', groupId, userId, atMs: wallTimeMs(clock) } as const;
      const { isShown } = await authority.execute(change, { requestId, signal });
      // What cannot be seen here yet waits; an answer to it comes as a callback.
      return { status: isShown ? await joinDesk.outcome(groupId, userId) : 'requested' };
    },

    leave_group: async ({ requestId, groupId }, { connection, signal }) => {
      const { userId } = sessions.require(connection);
      const waiting = await ledger.read((state) => [
        ...(state.groups.get(groupId)?.joinRequests.keys() ?? []),
      ]);
      await authority.execute({ kind: 'leave_group', groupId, userId }, { requestId, signal });
      const isGone = await ledger.read((state) => !state.groups.has(groupId));
      // With the group its requests are gone, and nobody else would say so.
      const refused = { groupId, standing: 'refused', index: ledger.durableIndex } as const;
      if (isGone) for (const requester of waiting) callbacks.membershipChanged(requester, refused);
      return {};
    },

    list_groups: async ({ after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { items, next } = await ledger.read((state) => groupPage(state, { userId, after }));
      return { groups: items, next, mayBeStale: authority.mayBeStale() };
    },

    list_requests: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { items, next } = await ledger.read((state) => requestPage(state, { groupId, userId, after }));
      return { requests: items, next, mayBeStale: authority.mayBeStale() };
    },

    accept_request: async ({ requestId, groupId, userId }, { connection, signal }) => {
      const by = sessions.require(connection).userId;
      const change = { kind: 'accept_request', groupId, userId, by, atMs: wallTimeMs(clock) } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    reject_request: async ({ requestId, groupId, userId }, { connection, signal }) => {
      const by = sessions.require(connection).userId;
      await authority.execute({ kind: 'reject_request', groupId, userId, by }, { requestId, signal });
      return {};
    },
  };
}
