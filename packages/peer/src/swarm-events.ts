/**
 * What the swarm core of one download is told and what it wants done: its whole boundary, as data.
 *
 * The shell reports what happened (a connection, a bitfield, a verified piece) and carries out the effects in their
 * order; it decides nothing. All of it is plain data, so a run can be recorded, replayed and simulated.
 */

declare const peerIdBrand: unique symbol;
declare const requestIdBrand: unique symbol;

/** Names a peer for the length of a download, over reconnections: bans and scores hang on it. */
export type PeerId = string & { readonly [peerIdBrand]: true };
/** Names one `send_pieces` call of one download; never used twice. */
export type RequestId = number & { readonly [requestIdBrand]: true };

/** The peer known by `text`: a device id in base32, or an address. */
export function peerId(text: string): PeerId {
  if (text === '') throw new TypeError('A peer id must not be empty');
  // The brand constructor: the check above is all that a peer id asks for.
  return text as PeerId;
}

/** The request numbered `value`. */
export function requestId(value: number): RequestId {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`Not a request id: ${value}`);
  // The brand constructor: the check above is all that a request id asks for.
  return value as RequestId;
}

/** Which pieces somebody has; a `Bitfield` is one. */
export interface PiecesOf {
  readonly length: number;
  has(index: number): boolean;
}

/**
 * How a request came to its end.
 * `done`: the stream ended in order. `busy`: refused, ask later. `missing_piece`: the peer says that it has none of the
 * wanted pieces. `cancelled`: our own `cancel` effect took hold. `failed`: anything else.
 */
export type RequestOutcome = 'done' | 'busy' | 'missing_piece' | 'cancelled' | 'failed';

export type SwarmEvent =
  /** The tracker, or anybody, named peers that share the file; adds to those known. */
  | { readonly kind: 'peers_found'; readonly peers: readonly PeerId[] }
  /** A connection is up and `send_piece_info` was called on it; also one that the other side opened. */
  | { readonly kind: 'peer_connected'; readonly peer: PeerId }
  /** A `connect` effect did not succeed. `problem` is for people. */
  | { readonly kind: 'peer_failed'; readonly peer: PeerId; readonly problem?: string | undefined }
  /** A connection is gone. Its requests are over; no `request_ended` has to follow. `problem` is for people. */
  | { readonly kind: 'peer_lost'; readonly peer: PeerId; readonly problem?: string | undefined }
  /** The bitfield that opens the `send_piece_info` stream. */
  | { readonly kind: 'have_all'; readonly peer: PeerId; readonly have: PiecesOf }
  /** News of further pieces on that stream. Indices out of range are ignored. */
  | { readonly kind: 'have_some'; readonly peer: PeerId; readonly indices: readonly number[] }
  /**
   * A `piece` item opened: the uploader has chosen `index` and starts to send it. `bytes` of it are to come; all of them
   * unless given.
   */
  | {
      readonly kind: 'piece_started';
      readonly peer: PeerId;
      readonly requestId: RequestId;
      readonly index: number;
      readonly bytes?: number;
    }
  /** Bytes of a piece came in and passed their leaf check. */
  | {
      readonly kind: 'bytes_received';
      readonly peer: PeerId;
      readonly requestId: RequestId;
      readonly bytes: number;
    }
  /** A piece is verified and in the store. Also reported when its request is cancelled already. */
  | {
      readonly kind: 'piece_verified';
      readonly peer: PeerId;
      readonly requestId: RequestId;
      readonly index: number;
    }
  /** A leaf does not hash to what the piece layer says: proof against the peer that sent it. */
  | {
      readonly kind: 'piece_bad';
      readonly peer: PeerId;
      readonly requestId: RequestId;
      readonly index: number;
      readonly leaf: number;
    }
  /**
   * It answers as no version of the protocol does: proof too, because nobody does that by mistake. `index` is the piece that
   * was under way, if one was.
   */
  | {
      readonly kind: 'answer_broken';
      readonly peer: PeerId;
      readonly index: number | undefined;
      readonly problem: string;
    }
  /** A call is over. Follows the `piece_verified` of every piece that came with it. */
  | {
      readonly kind: 'request_ended';
      readonly peer: PeerId;
      readonly requestId: RequestId;
      readonly outcome: RequestOutcome;
    }
  /** Pieces that a reader waits for come first, in order; undefined ends that. Bounds are piece indices, inclusive. */
  | {
      readonly kind: 'range_wanted';
      readonly range: { readonly first: number; readonly last: number } | undefined;
    }
  /** The peer is to receive no faster in all its downloads; undefined is no limit. The shell keeps to it. */
  | { readonly kind: 'rate_limited'; readonly bytesPerSecond: number | undefined }
  | { readonly kind: 'paused' }
  /** Goes on after `paused` or `store_failed`. */
  | { readonly kind: 'resumed' }
  /** The store cannot take pieces; `lost` names those reported as verified that it does not hold after all. */
  | { readonly kind: 'store_failed'; readonly lost?: readonly number[] }
  /** The time of the last `wake_at` has come. Harmless at any other time. */
  | { readonly kind: 'tick' };

/** Why a peer is banned for the rest of the download. */
export type BanEvidence =
  /** It sent a leaf that is not the file's. */
  | { readonly kind: 'bad_leaf'; readonly piece: number; readonly leaf: number }
  /** What it sent is no answer. `problem` is for people. */
  | { readonly kind: 'broken_answer'; readonly piece: number | undefined; readonly problem: string }
  /** It kept on announcing pieces that it then said it does not have. */
  | { readonly kind: 'false_have'; readonly pieces: readonly number[] };

/** Why the download is not getting faster; `none` while it runs as it should, and when it is complete. */
export type SwarmWaitingReason =
  | 'none'
  | 'no_peers'
  | 'connecting'
  | 'no_source_for_pieces'
  | 'slow_peers'
  | 'store_failed'
  | 'paused';

/** Why a connection is of no more use to this download. `silent`: it never said what it has. */
export type DisconnectReason = 'banned' | 'useless' | 'too_many' | 'silent';

export type SwarmEffect =
  | { readonly kind: 'connect'; readonly peer: PeerId }
  /** This download needs the connection no more; close it unless something else uses it. `peer_lost` need not follow. */
  | { readonly kind: 'disconnect'; readonly peer: PeerId; readonly reason: DisconnectReason }
  /** Call `send_pieces`: any `maxPieces` of `pieces`, chosen by the uploader; of each only what is not here. */
  | {
      readonly kind: 'request';
      readonly requestId: RequestId;
      readonly peer: PeerId;
      readonly pieces: readonly number[];
      readonly maxPieces: number;
    }
  /** Cancel that call. `request_ended` may follow and changes nothing. */
  | { readonly kind: 'cancel'; readonly peer: PeerId; readonly requestId: RequestId }
  /** Report the peer; its `disconnect` follows. */
  | { readonly kind: 'ban'; readonly peer: PeerId; readonly evidence: BanEvidence }
  /** Ask the tracker for more peers of the file. */
  | { readonly kind: 'need_peers' }
  /** Tell every peer that listens to our `send_piece_info`. Coalesced. */
  | { readonly kind: 'announce_have'; readonly indices: readonly number[] }
  | { readonly kind: 'waiting'; readonly reason: SwarmWaitingReason }
  /** Send `tick` at this time on the clock of `handle`. It comes before the last one asked for, which is not needed then. */
  | { readonly kind: 'wake_at'; readonly atMs: number }
  /** Every piece is verified and in the store. */
  | { readonly kind: 'completed' };
