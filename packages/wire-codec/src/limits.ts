/**
 * The limits of the format itself and the thresholds that shape buffers. Limits of one message (the length of a name, the
 * number of peers in a list) belong to its codec and have no default: whoever writes a schema has to think of one.
 */

/** Longest message type in bytes: the longest method names are half as long, and a capture stays readable. */
export const MAX_TYPE_BYTES = 32;

/** Largest payload the header's u32 can state. Decoders are given a far smaller limit. */
export const MAX_PAYLOAD_BYTES = 0xffff_ffff;

/** Largest varint: the integers that a JavaScript number holds exactly, which take at most eight bytes. */
export const MAX_VARINT: number = Number.MAX_SAFE_INTEGER;

/** From this length on, `encodeFrame` hands bytes on by reference: below it a copy costs less than one more part to write. */
export const BY_REFERENCE_BYTES = 4096;

/** Size of the buffer that consecutive small messages share, as in Node's own pool: one allocation for many messages. */
export const SLAB_BYTES = 8192;

/** Chunks below this length are gathered, because a view costs about 200 bytes itself: a drip-feeder would be amplified. */
export const GATHER_BELOW_BYTES = 1024;

/** Size of the buffers that small chunks are gathered in: all that a drip-fed stream holds beyond the bytes that came. */
export const GATHER_BYTES = 4096;

/** Nesting that a recursive codec allows unless told otherwise: far below what the call stack holds. */
export const DEFAULT_MAX_DEPTH = 32;

/** `value` if it can be a limit, a count of bytes or items; a RangeError otherwise. */
export function checkLimit(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new RangeError(`Cannot limit ${name} to ${value}: expected an integer from 0 to 2^53-1`);
}
