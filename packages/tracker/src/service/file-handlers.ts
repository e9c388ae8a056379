/** Serves the messages about the files of a group. */
import type { Handlers } from '@minitorrent/rpc-core';
import type { trackerContract } from '../contract.ts';
import { requireFile, requireGroup, requireMember } from '../guards.ts';
import { toHex } from '../hex.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import { filePage } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';
import { readMarked } from './read-marked.ts';

type FileHandlers = Pick<
  Handlers<typeof trackerContract>,
  'download_file' | 'list_file' | 'stop_sharing' | 'upload_file'
>;

/** Of the 64 KiB that a control message may have; the rest is for what surrounds the files. */
const FILE_PAGE_BYTES = 60 * 1024;

export function createFileHandlers(parts: ServiceParts): FileHandlers {
  const { ledger, authority, presence, sessions, callbacks, clock, random } = parts;
  return {
    upload_file: async ({ requestId, groupId, file, signature }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const change = { kind: 'upload_file', groupId, file, by, byDevice, atMs: wallTimeMs(clock) } as const;
      await authority.execute({ ...change, signature }, { requestId, signal });
      return {};
    },

    stop_sharing: async ({ requestId, groupId, name }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const change = { kind: 'stop_sharing', groupId, name, by, byDevice, atMs: wallTimeMs(clock) } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    list_file: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const ask = { groupId, userId, after, maxBytes: FILE_PAGE_BYTES };
      const { answer, mayBeStale } = await readMarked(parts, (state) => filePage(state, ask));
      const { items, next, sharers } = answer;
      const files = items.map((shared) => {
        return { ...shared, ...presence.countOf({ groupId, root: toHex(shared.file.root) }) };
      });
      return { files, next, mayBeStale, sharers };
    },

    download_file: async ({ groupId, name }, { connection }) => {
      const session = sessions.require(connection);
      const { file, sharedBy, signature, sharer } = await ledger.read((state) => {
        const group = requireGroup(state, groupId);
        requireMember(group, session.userId);
        return requireFile(group, name);
      });
      callbacks.makeFile(session, () => {
        if (ledger.latest.groups.get(groupId)?.members.has(session.userId) !== true) return undefined;
        const swarm = { groupId, root: toHex(file.root) };
        const draw = { except: session.device, most: MESSAGE_LIMITS.peersPerFile, random };
        return { groupId, file, sharedBy, peers: presence.peersOf(swarm, draw), signature, sharer };
      });
      return {};
    },
  };
}
