/**
 * Every limit of this package, each with its reason. All can be changed through the `limits` option of a connection.
 *
 * A limit bounds what the other side can make us hold, spend or wait for; none of them is a tuning knob for speed alone.
 */

/** The limits of one connection and, at the end, of a server. */
export interface RpcLimits {
  /** Largest payload from a side that has not proved who it is: enough to log in, too little to hurt. */
  readonly unauthenticatedPayloadBytes: number;
  /** Largest payload of a frame whose method no contract knows: it is only read to be refused. */
  readonly unknownPayloadBytes: number;
  /**
   * Calls that one side may have running at the other, a cancelled one included until its handler has really stopped:
   * otherwise "call, cancel, call, cancel" would start unbounded work (the HTTP/2 rapid reset, CVE-2023-44487).
   */
  readonly callsInFlight: number;
  /** Calls that may wait here for their turn; then calls fail at once instead of filling memory. */
  readonly waitingCalls: number;
  /** Output that may be queued before streams stop producing and new calls wait: a slow reader costs this much. */
  readonly queuedOutputBytes: number;
  /** Items that may lie unread in all streams of a connection before the channel is paused: a slow consumer costs this. */
  readonly queuedInputBytes: number;
  /** Credit that a stream starts with unless the call says otherwise: 1 Gbit/s at 8 ms, two blocks of 512 KiB. */
  readonly streamWindowBytes: number;
  /** From the channel's start to the other side's `hello`: a connection that says nothing holds a place for this long. */
  readonly helloMs: number;
  /** A frame that was begun gets this long, and one second more for each `partialFrameBytesPerSecond` that arrived. */
  readonly partialFrameGraceMs: number;
  /** Slower than this is an attack by patience (slowloris), not a slow line. */
  readonly partialFrameBytesPerSecond: number;
  /** Silence after which we ask whether the other side lives. */
  readonly pingAfterMs: number;
  /** Silence after which it counts as dead: a half-open TCP connection would otherwise stay for ever. */
  readonly closeAfterMs: number;
  /** What a graceful `close()` gives running calls to finish. */
  readonly drainMs: number;
  /** From our last byte to the other side's end of the channel: long enough to read why it was closed. */
  readonly lingerMs: number;
  /** What all connections of a server may hold that arrived and was not taken: begun frames and unread items. */
  readonly receiveBytes: number;
  /** Connections of one server. */
  readonly connections: number;
  /** Connections of one server from one address that have not authenticated. */
  readonly unauthenticatedPerAddress: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;

/** The limits that hold unless told otherwise. */
export const defaultRpcLimits: RpcLimits = {
  unauthenticatedPayloadBytes: 4 * KIB,
  unknownPayloadBytes: 64 * KIB,
  callsInFlight: 64,
  waitingCalls: 1024,
  queuedOutputBytes: 4 * MIB,
  queuedInputBytes: 16 * MIB,
  streamWindowBytes: MIB,
  helloMs: 5_000,
  partialFrameGraceMs: 5_000,
  partialFrameBytesPerSecond: KIB,
  pingAfterMs: 60_000,
  closeAfterMs: 120_000,
  drainMs: 10_000,
  lingerMs: 1_000,
  receiveBytes: 256 * MIB,
  connections: 1024,
  unauthenticatedPerAddress: 10,
};

/** Largest body of a control message; what a contract says unless told otherwise. */
export const controlBodyBytes: number = 64 * KIB;
/** Largest body of an item that carries 1 MiB of piece data: the data and the fields around it. */
export const dataBodyBytes: number = MIB + KIB;
/** Largest body of a message between trackers. */
export const syncBodyBytes: number = MIB;

/** Room for the envelope before a body: kind, call id and stream window take 17 bytes at most. */
export const envelopeBytes = 32;
/** Largest payload of `hello`, `ping`, `pong` and `goodbye`, and room for any error answer. */
export const smallPayloadBytes: number = 4 * KIB;
/** Largest error message that travels, in bytes of UTF-8; a longer one is cut. */
export const errorMessageBytes: number = KIB;
/** What an item costs its stream besides its payload: an empty item occupies the receiver too. */
export const itemOverheadBytes = 64;

/** The given limits over the default ones; each must be a whole number, at least 1. */
export function resolveLimits(limits: Partial<RpcLimits> = {}): RpcLimits {
  return overDefaults(defaultRpcLimits, limits);
}

/** The given limits of any kind over `defaults`; each must be a whole number, at least 1. */
export function overDefaults<Limits extends object>(defaults: Limits, limits: Partial<Limits> = {}): Limits {
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isSafeInteger(value) || Number(value) < 1) {
      throw new RangeError(`Cannot set limits.${name} to ${value}: wanted a whole number, at least 1`);
    }
  }
  return { ...defaults, ...limits };
}
