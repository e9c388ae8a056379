/**
 * Unsigned LEB128: seven bits a byte, the lowest first, the top bit set on all bytes but the last. Numbers reach to
 * 2^53-1, which takes eight bytes, and have one form only: the shortest.
 */

/** The most bytes that a varint takes. */
export const MAX_VARINT_BYTES = 8;

/** Puts `value`, an integer in range, into `buffer`, which has room; answers the position behind it. */
export function putVarint(buffer: Uint8Array, position: number, value: number): number {
  let rest = value;
  let at = position;
  // Shifts work on 32 bits: what is above them is divided.
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) buffer[at++] = (rest % 0x80) | 0x80;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

/** Bytes that `value` takes. */
export function varintBytes(value: number): number {
  let length = 1;
  for (let rest = value; rest > 0x7f; rest = Math.floor(rest / 0x80)) length++;
  return length;
}
