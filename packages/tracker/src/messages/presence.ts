/** Messages about who has what now. */
import type { Codec, Infer } from '@minitorrent/wire-codec';
import { encode, enumeration, list, struct, text, u16, varint } from '@minitorrent/wire-codec';
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
/** The same bytes, for a tracker that keeps addresses as they go over the wire. */
export const encodedPeersOfFile: Codec<EncodedPeers> = {
  schema: peersOfFile.schema,
  write(writer, { count, bytes }) {
    writer.varint(count);
    writer.bytes(bytes);
  },
  read: (reader) => encodePeers(peersOfFile.read(reader)),
};

/** Announce again within `intervalMs`; the peers of the files announced as `partial` come with the answer. */
export const announceAnswer = answerWith(peersOfFile);
export const encodedAnnounceAnswer = answerWith(encodedPeersOfFile);

export type PeerAddress = Infer<typeof peerAddress>;
export type AnnouncedFile = Infer<typeof announcedFile>;

/** At most `peersPerFile` addresses. */
export interface EncodedPeers {
  readonly count: number;
  /** One `PeerAddress` after the other. They must not change any more. */
  readonly bytes: Uint8Array;
}

export function encodePeers(peers: readonly PeerAddress[]): EncodedPeers {
  const parts = peers.map((peer) => encode(peerAddress, peer));
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let end = 0;
  for (const part of parts) {
    bytes.set(part, end);
    end += part.length;
  }
  return { count: peers.length, bytes };
}

/** The answer, with the peers of each file in one form or the other. */
function answerWith<Peers>(peers: Codec<Peers>) {
  const swarm = struct({ groupId: groupIdCodec, root: rootCodec, peers }, { extensible: true });
  const swarms = list(swarm, { maxItems: LIMITS.swarmsPerAnswer });
  return struct({ intervalMs: varint, swarms }, { extensible: true });
}
