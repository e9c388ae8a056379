/**
 * The figures that a swarm decides by, each with its reason. All of them can be set, for the simulator and for odd links.
 */
import { PEER_MESSAGE_LIMITS } from './message-limits.ts';

export interface SwarmLimits {
  /** Pieces asked for in total while the path is short: enough to keep a source busy, too few to queue (swarm.md). */
  readonly minOutstandingPieces: number;
  /** The most pieces asked for at once on a long fat path. */
  readonly maxOutstandingPieces: number;
  /** The most bytes asked for at once: what the memory for arriving pieces allows. */
  readonly maxOutstandingBytes: number;
  /** Pieces asked of one uploader beside others; its own bandwidth-delay product where that is more. */
  readonly outstandingPerPeer: number;
  /** Requests are this many in number; a larger budget makes each one larger (a connection allows 64 calls). */
  readonly requestsInBudget: number;
  /** The most pieces named in one want-set: beyond this naming more hardly helps the uploader choose. */
  readonly wantSetPieces: number;
  /** How many peers are asked for a piece at the end, when every missing one is asked for: 1 is no endgame. */
  readonly endgameSources: number;
  /** Under a limit of the rate, so much time's worth of pieces is asked for. */
  readonly limitedAheadMs: number;
  /** What an uploader sends at a time; a limit of the rate holds so much back. */
  readonly longestBlockBytes: number;

  /** A request is never late before this: below it a garbage collection would count as a fault. */
  readonly minDeadlineMs: number;
  /** The deadline for a first piece while nothing is known of anybody. */
  readonly firstDeadlineMs: number;
  /** No deadline, however slow the peer, lies further ahead. */
  readonly maxDeadlineMs: number;
  /** An uploader that begins a piece and then sends nothing for this long is late; sooner where pieces are quick. */
  readonly maxStallMs: number;
  /** A late request without a byte for this long is cancelled and counts as a failure. */
  readonly silenceMs: number;

  /** The first wait after a failure; doubles with each further one. */
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
  /** A peer that was `busy` is left alone for about the time of a piece, between these bounds. */
  readonly minBusyMs: number;
  readonly maxBusyMs: number;
  /** A peer that so often denied what it had announced is banned; once or twice is honest, after a lost file. */
  readonly maxDenials: number;

  /** With as many known peers or fewer, connect to all. Also the most connections that are kept (swarm.md). */
  readonly fullMeshPeers: number;
  /** Peers remembered of one file, banned ones included; the tracker names others when these are of no use. */
  readonly maxKnownPeers: number;
  /** Connections wanted where more peers than that are known; those who come later may bring it up to `fullMeshPeers`. */
  readonly neighbours: number;
  /** Connection attempts at a time. */
  readonly connectsAtOnce: number;
  /** A neighbour without a piece that we miss is replaced after this, where there are others. */
  readonly uselessMs: number;
  /** The shortest time between two `need_peers`; doubles while they bring nothing, or nobody that is lacking. */
  readonly needPeersMs: number;
  /** `have` news goes out this often at the most. */
  readonly announceMs: number;
  /** Without a byte for this long the download says that its peers are slow. */
  readonly slowMs: number;
}

/** The defaults. */
export const SWARM_LIMITS: SwarmLimits = {
  minOutstandingPieces: 4,
  maxOutstandingPieces: 256,
  maxOutstandingBytes: 32 * 1024 * 1024,
  outstandingPerPeer: 2,
  requestsInBudget: 4,
  wantSetPieces: 64,
  endgameSources: 2,
  limitedAheadMs: 2_000,
  longestBlockBytes: PEER_MESSAGE_LIMITS.blockBytes,
  minDeadlineMs: 1_000,
  firstDeadlineMs: 5_000,
  maxDeadlineMs: 60_000,
  maxStallMs: 5_000,
  silenceMs: 30_000,
  retryBaseMs: 1_000,
  retryMaxMs: 60_000,
  minBusyMs: 10,
  maxBusyMs: 1_000,
  maxDenials: 3,
  fullMeshPeers: 30,
  maxKnownPeers: 1_024,
  neighbours: 16,
  connectsAtOnce: 8,
  uselessMs: 15_000,
  needPeersMs: 1_000,
  announceMs: 50,
  slowMs: 5_000,
};

/** The defaults, with those of `given` in their place. Figures that make no sense are a RangeError. */
export function swarmLimits(given: Partial<SwarmLimits> = {}): SwarmLimits {
  const limits = { ...SWARM_LIMITS, ...given };
  for (const [name, value] of Object.entries(limits)) {
    if (!(value >= 0)) throw new RangeError(`Swarm limit ${name} must be a positive number, not ${value}`);
  }
  if (limits.minOutstandingPieces < 1)
    throw new RangeError('Swarm limit minOutstandingPieces must be at least 1');
  return limits;
}
