/**
 * The packages' messages under the names that `PROTOCOL.md` gives their layouts: `login.request`, `send_pieces.item`.
 */
import type { Contract } from '@minitorrent/rpc-core';
import { type Codec, decode, encode, Reader } from '@minitorrent/wire-codec';
import { expect } from 'vitest';
import { toHex } from './values.ts';

/** Codecs of bodies by the names of their layouts. */
export type Messages = ReadonlyMap<string, Codec<unknown>>;

/** A body that was read, and the name of its layout. */
export interface ReadBody {
  readonly name: string;
  readonly value: unknown;
}

/** The codecs of all bodies by the names that the document gives their layouts. */
export function messagesOf(contracts: readonly Contract[]): Messages {
  const found = new Map<string, Codec<unknown>>();
  for (const [name, method] of contracts.flatMap((contract) => Object.entries(contract.methods))) {
    found.set(`${name}.request`, method.request.codec);
    if (method.kind === 'unary') found.set(`${name}.response`, method.response.codec);
    else found.set(`${name}.item`, method.item.codec);
  }
  return found;
}

/** The body of a call's frame, read by the code and checked to be written in the same way; none where it has no body. */
export function bodyOf(messages: Messages, type: string, payload: Uint8Array): readonly ReadBody[] {
  const reader = new Reader(payload);
  const kind = reader.remaining > 0 ? BODIES.get(reader.u8()) : undefined;
  const codec = messages.get(`${type}.${kind}`);
  if (kind === undefined || codec === undefined) return [];
  reader.varint();
  if (kind === 'request') reader.varint();
  const body = reader.bytes(reader.remaining);
  const value = decode(codec, body);
  expect(toHex(encode(codec, value))).toBe(toHex(body));
  return [{ name: `${type}.${kind}`, value }];
}

const BODIES: ReadonlyMap<number, 'request' | 'response' | 'item'> = new Map([
  [1, 'request'],
  [2, 'response'],
  [4, 'item'],
]);
