/**
 * Frames written by hand from PROTOCOL.md, sections 3 to 5, so that what no encoder would write can be written, too.
 */

/** The kinds of the envelope. */
export const KIND = { request: 1, response: 2, error: 3, item: 4, end: 5, cancel: 6, credit: 7 } as const;

export function frame(type: string, payload: Uint8Array): Uint8Array {
  const whole = new Uint8Array(7 + type.length + payload.length);
  whole.set([0x4d, 0x54, type.length]);
  whole.set(new TextEncoder().encode(type), 3);
  new DataView(whole.buffer).setUint32(3 + type.length, payload.length);
  whole.set(payload, 7 + type.length);
  return whole;
}

/** A payload of a call: kind, call id, and for a request its window or for a credit its amount, then the body. */
export function payload(kind: number, id: number, amount: number | undefined, body: Uint8Array): Uint8Array {
  return Uint8Array.from([kind, ...varint(id), ...(amount === undefined ? [] : varint(amount)), ...body]);
}

/** LEB128 in its shortest form; 0 to 2^53-1. */
export function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 0x7f) {
    bytes.push((rest % 0x80) + 0x80);
    rest = Math.floor(rest / 0x80);
  }
  return [...bytes, rest];
}

/** The number that opens `bytes`, and where it ends; undefined where none does. */
export function readVarint(bytes: Uint8Array, from: number): { value: number; end: number } | undefined {
  let value = 0;
  let factor = 1;
  for (let at = from; at < bytes.length && at < from + 8; at += 1) {
    const byte = bytes[at] ?? 0;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: at + 1 };
    factor *= 0x80;
  }
  return undefined;
}

const nothing = new Uint8Array();

export const HELLO: Uint8Array = frame('hello', Uint8Array.of(0, 0, 0, 3, 1, 1, 64));
export const PING: Uint8Array = frame('ping', nothing);
export const PONG: Uint8Array = frame('pong', nothing);
export const GOODBYE: Uint8Array = frame('goodbye', Uint8Array.of(0, 0, 0, 1, 0));

export function cancelFrame(type: string, id: number): Uint8Array {
  return frame(type, payload(KIND.cancel, id, undefined, nothing));
}
