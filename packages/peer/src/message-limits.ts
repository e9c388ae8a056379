/**
 * The limits of the messages between peers, each with its reason.
 */
import type { RpcLimits } from '@minitorrent/rpc-core';
import { MESSAGE_LIMITS } from '@minitorrent/tracker/contract';

export const PEER_MESSAGE_LIMITS = {
  /** Piece indices in one message: three bytes each at the most, so 24 KiB. */
  piecesPerMessage: 8_192,
  /** Pieces of which a part is here: as many as are asked for at once at the most, 10 bytes each. */
  begunPieces: 256,
  /** One bit for each of 2^18 pieces, the most that a file may have. */
  bitfieldBytes: 32 * 1024,
  /** The bitfield, and room for its envelope. */
  pieceInfoBytes: 33 * 1024,
  /** 1,024 hashes of 32 bytes: half a control message. */
  layerBytes: 32 * 1024,
  /** The leaves of a piece of 4 MiB: 256 hashes. */
  leafHashBytes: 8 * 1024,
  /**
   * Data of one block: large enough that what a block costs (a read, a frame, a way to another thread and back) is small
   * beside its bytes, small enough to share a connection fairly.
   */
  blockBytes: 1024 * 1024,
  /** The block, and room for its envelope. */
  pieceItemBytes: 1025 * 1024,
} as const;

/**
 * So long a connection is kept whose other end is admitted to nothing: a card takes two round trips, and a device that has to
 * ask a tracker for one has it within seconds. Each such connection takes one of the places of its address.
 */
export const STRANGER_MS = 30_000;

/**
 * What connections between peers take before their other end has shown that it is in a group: one `present_membership`, and
 * nothing longer.
 */
export const STRANGER_LIMITS: Pick<RpcLimits, 'unauthenticatedPayloadBytes'> = {
  unauthenticatedPayloadBytes: MESSAGE_LIMITS.proofBytes + MESSAGE_LIMITS.stampBytes + 1024,
};
