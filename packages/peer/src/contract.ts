/**
 * What peers ask of each other: who are you, which pieces do you have, and these pieces, please.
 *
 * Pure: codecs and types. The seed's `send_piece_info` and `send_pieces`; `send_piece_layer`, with which a downloader
 * gets the hashes that all pieces are checked against; and `present_membership`, which comes before all of them.
 * `PROTOCOL.md` describes the bytes and the errors.
 */
import { defineContract, stream, unary } from '@minitorrent/rpc-core';
import { groupIdCodec, proofCodec, rootCodec, stampCodec } from '@minitorrent/tracker/contract';
import type { Infer } from '@minitorrent/wire-codec';
import { bytes, list, struct, union, varint } from '@minitorrent/wire-codec';
import { PEER_MESSAGE_LIMITS as LIMITS } from './message-limits.ts';

/** So that a later version can add fields at the end, which older readers skip. */
const extensible = { extensible: true } as const;

const fileOfGroup = { groupId: groupIdCodec, root: rootCodec };
const pieceIndices = list(varint, { maxItems: LIMITS.piecesPerMessage });

/** What the caller is: nothing of a group is served before this, and again it comes when the stamp was renewed. */
export const presentMembershipRequest = struct(
  { groupId: groupIdCodec, proof: proofCodec, stamp: stampCodec },
  extensible,
);
/** What the answering peer is; the caller asks for nothing before it has looked at it. */
export const presentMembershipAnswer = struct({ proof: proofCodec, stamp: stampCodec }, extensible);

export const sendPieceInfoRequest = struct(fileOfGroup, extensible);
/**
 * `all` comes first: the whole bitfield (BEP 3 order, one bit a piece) and how many pieces it holds. `have` follows,
 * coalesced, whenever pieces are added, until the caller cancels.
 */
export const pieceInfoItem = union('kind', {
  all: {
    tag: 1,
    codec: struct({ pieces: varint, bitfield: bytes({ maxBytes: LIMITS.bitfieldBytes }) }, extensible),
  },
  have: { tag: 2, codec: struct({ indices: pieceIndices }, extensible) },
});

/** Hashes `first` to `first + count - 1` of the file's piece layer (BEP 52). */
export const sendPieceLayerRequest = struct({ ...fileOfGroup, first: varint, count: varint }, extensible);
export const pieceLayerAnswer = struct({ hashes: bytes({ maxBytes: LIMITS.layerBytes }) }, extensible);

/** A piece of which the caller has the leaves before `fromLeaf`. */
const begunPiece = struct({ index: varint, fromLeaf: varint }, extensible);
/**
 * `want` names pieces that the caller misses; the answer holds `maxPieces` of them, chosen by the serving peer. With
 * as many wanted as asked for it is a plain list. Those that are `begun` are sent from a later leaf on.
 */
export const sendPiecesRequest = struct(
  {
    ...fileOfGroup,
    want: pieceIndices,
    maxPieces: varint,
    begun: list(begunPiece, { maxItems: LIMITS.begunPieces }),
  },
  extensible,
);
/**
 * A piece opens with the hashes of all its leaves, which the piece layer vouches for, so that every block can be checked on
 * arrival. Its blocks follow in order from its first leaf on, or from `fromLeaf`: whole leaves of 16 KiB but for the file's
 * last one.
 */
export const pieceItem = union('kind', {
  piece: {
    tag: 1,
    codec: struct({ index: varint, leafHashes: bytes({ maxBytes: LIMITS.leafHashBytes }) }, extensible),
  },
  block: {
    tag: 2,
    codec: struct({ offset: varint, data: bytes({ maxBytes: LIMITS.blockBytes }) }, extensible),
  },
});

/** The messages that a peer serves to other peers. */
export const peerContract = defineContract({
  present_membership: unary(presentMembershipRequest, presentMembershipAnswer),
  send_piece_info: stream(sendPieceInfoRequest, pieceInfoItem, { maxItemBytes: LIMITS.pieceInfoBytes }),
  send_piece_layer: unary(sendPieceLayerRequest, pieceLayerAnswer),
  send_pieces: stream(sendPiecesRequest, pieceItem, { maxItemBytes: LIMITS.pieceItemBytes }),
});

export type PieceInfoItem = Infer<typeof pieceInfoItem>;
export type PieceItem = Infer<typeof pieceItem>;
