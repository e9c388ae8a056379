/** Serves the messages about groups and about joining them. */
import type { Handlers } from '@minitorrent/rpc-core';
import type { trackerContract } from '../contract.ts';
import { groupPage, requestPage } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';
import { readMarked } from './read-marked.ts';

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
      const asker = sessions.requireAsker(connection);
      const change = { kind: 'create_group', groupId, ...asker, atMs: wallTimeMs(clock), proof } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    join_group: async ({ requestId, groupId, proof }, { connection, signal }) => {
      const { userId, byDevice } = sessions.requireAsker(connection);
      const wasMember = await ledger.read((state) => state.groups.get(groupId)?.members.has(userId));
      const join = { kind: 'join_group', groupId, userId, byDevice, atMs: wallTimeMs(clock), proof } as const;
      const { isShown, result } = await authority.execute(join, { requestId, signal });
      if (result.kind === 'done') return { status: 'member' };
      // What cannot be seen here yet waits; an answer to it comes as a callback.
      if (!isShown) return { status: 'requested' };
      return { status: await joinDesk.outcome(groupId, userId, wasMember ? byDevice : undefined) };
    },

    leave_group: async ({ requestId, groupId }, { connection, signal }) => {
      const { userId, byDevice } = sessions.requireAsker(connection);
      const waiting = await ledger.read((state) => [
        ...(state.groups.get(groupId)?.joinRequests.keys() ?? []),
      ]);
      await authority.execute({ kind: 'leave_group', groupId, userId, byDevice }, { requestId, signal });
      const isGone = await ledger.read((state) => !state.groups.has(groupId));
      // With the group its requests are gone, and nobody else would say so.
      const refused = { groupId, standing: 'refused', index: ledger.durableIndex } as const;
      for (const requester of isGone ? waiting : [])
        if (requester !== userId) callbacks.membershipChanged(requester, refused);
      return {};
    },

    list_groups: async ({ after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const { answer, mayBeStale } = await readMarked(parts, (state) => groupPage(state, { userId, after }));
      return { groups: answer.items, next: answer.next, mayBeStale };
    },

    list_requests: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const ask = { groupId, userId, after, nowMs: wallTimeMs(clock), maxBytes: PAGE_BYTES };
      const { answer, mayBeStale } = await readMarked(parts, (state) => requestPage(state, ask));
      return { requests: answer.items, next: answer.next, mayBeStale };
    },

    accept_request: async ({ requestId, groupId, userId, proofs }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const about = { groupId, userId, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'accept_request', ...about, proofs }, { requestId, signal });
      return {};
    },

    reject_request: async ({ requestId, groupId, userId }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const about = { groupId, userId, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'reject_request', ...about }, { requestId, signal });
      return {};
    },
  };
}
