/** Messages about who has what now. */
import type { Codec, Infer } from '@minitorrent/wire-codec';
import { enumeration, list, struct, text, u16, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { deviceIdCodec, groupIdCodec, rootCodec, userIdCodec } from './values.ts';

/** `complete`: every piece. `partial`: some, and it looks for the rest. `gone`: it stopped serving the file. */
export const holdingCodec: Codec<Holding> = enumeration({ complete: 1, partial: 2, gone: 3 });
export type Holding = 'complete' | 'partial' | 'gone';

export const announcedFile = struct(
  { groupId: groupIdCodec, root: rootCodec, holding: holdingCodec },
  { extensible: true },
);
/** `port` is where this peer listens; its host is the one the connection comes from. */
export const announceRequest = struct(
  { port: u16, files: list(announcedFile, { maxItems: LIMITS.filesPerAnnounce }) },
  { extensible: true },
);
export const peerAddress = struct(
  {
    userId: userIdCodec,
    deviceId: deviceIdCodec,
    host: text({ maxBytes: LIMITS.hostBytes }),
    port: u16,
    holding: holdingCodec,
  },
  { extensible: true },
);
/** The peers of one file. */
export const peersOfFile = list(peerAddress, { maxItems: LIMITS.peersPerFile });
/** The peers of one file that the announcing device looks for. */
export const swarm = struct(
  { groupId: groupIdCodec, root: rootCodec, peers: peersOfFile },
  { extensible: true },
);
/** Announce again within `intervalMs`; the peers of the files announced as `partial` come with the answer. */
export const announceAnswer = struct(
  { intervalMs: varint, swarms: list(swarm, { maxItems: LIMITS.swarmsPerAnswer }) },
  { extensible: true },
);

export type PeerAddress = Infer<typeof peerAddress>;
export type AnnouncedFile = Infer<typeof announcedFile>;
