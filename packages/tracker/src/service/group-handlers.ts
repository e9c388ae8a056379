/** Serves the messages about groups and about joining them. */
import type { Handlers } from '@minitorrent/rpc-core';
import type { trackerContract } from '../contract.ts';
import { deviceIdOf } from '../device-key.ts';
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

/** Of the 64 KiB that a control message may have. */
const PAGE_BYTES = 60 * 1024;

export function createGroupHandlers(parts: ServiceParts): GroupHandlers {
  const { ledger, authority, sessions, callbacks, joinDesk, clock } = parts;
  return {
    create_group: async ({ requestId, groupId, proof }, { connection, signal }) => {
      const { userId } = sessions.require(connection);
      const change = { kind: 'create_group', groupId, userId, atMs: wallTimeMs(clock), proof } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    join_group: async ({ requestId, groupId, proof }, { connection, signal }) => {
      const { userId, device } = sessions.require(connection);
      const deviceId = deviceIdOf(device);
      const wasMember = await ledger.read((state) => state.groups.get(groupId)?.members.has(userId));
      const join = { kind: 'join_group', groupId, userId, atMs: wallTimeMs(clock) } as const;
      const { isShown, result } = await authority.execute(
        { ...join, deviceId, proof },
        { requestId, signal },
      );
      if (result.kind === 'done') return { status: 'member' };
      // What cannot be seen here yet waits; an answer to it comes as a callback.
      if (!isShown) return { status: 'requested' };
      return { status: await joinDesk.outcome(groupId, userId, wasMember ? deviceId : undefined) };
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
      for (const requester of isGone ? waiting : [])
        if (requester !== userId) callbacks.membershipChanged(requester, refused);
      return {};
    },

    list_groups: async ({ after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { items, next } = await ledger.read((state) => groupPage(state, { userId, after }));
      return { groups: items, next, mayBeStale: authority.mayBeStale() };
    },

    list_requests: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const ask = { groupId, userId, after, nowMs: wallTimeMs(clock), maxBytes: PAGE_BYTES };
      const { items, next } = await ledger.read((state) => requestPage(state, ask));
      return { requests: items, next, mayBeStale: authority.mayBeStale() };
    },

    accept_request: async ({ requestId, groupId, userId, proofs }, { connection, signal }) => {
      const by = sessions.require(connection).userId;
      const change = { kind: 'accept_request', groupId, userId, by, atMs: wallTimeMs(clock) } as const;
      await authority.execute({ ...change, proofs }, { requestId, signal });
      return {};
    },

    reject_request: async ({ requestId, groupId, userId }, { connection, signal }) => {
      const by = sessions.require(connection).userId;
      await authority.execute({ kind: 'reject_request', groupId, userId, by }, { requestId, signal });
      return {};
    },
  };
}
