/**
 * The frames that belong to the connection and to no call: `hello`, `goodbye`, `ping` and `pong`.
 *
 * `hello` is the first frame each way and states the versions that a side speaks. All structs are extensible: a later
 * version may add fields and an old reader skips them. A `pong` has the payload of its `ping`: nothing, or a number by which
 * the asker knows how far its bytes have been read.
 */
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode, encodeFrame, optional, refine, struct, text, varint } from '@minitorrent/wire-codec';
import { RpcError } from './errors.ts';
import { errorMessageBytes } from './limits.ts';

/** The versions of the protocol that this code speaks, oldest and newest. */
export const spokenVersions: VersionRange = { minVersion: 1, maxVersion: 1 };

/** A span of protocol versions, both ends included. */
export interface VersionRange {
  readonly minVersion: number;
  readonly maxVersion: number;
}

/** What a side says first. */
export interface Hello extends VersionRange {
  /** Calls that the sender of this hello will serve at once. */
  readonly callsInFlight: number;
}

/** An error as it travels: a code of `a-z` and `_`, and a message for humans. */
export interface ErrorBody {
  readonly code: string;
  readonly message: string;
}

/** Why the sender leaves; without an error all is well. */
export interface Goodbye {
  readonly error?: ErrorBody | undefined;
}

export const errorBodyCodec: Codec<ErrorBody> = struct(
  {
    code: refine(text({ maxBytes: 32 }), { name: 'error code', check: isErrorCode }),
    message: text({ maxBytes: errorMessageBytes }),
  },
  { extensible: true },
);

export const helloCodec: Codec<Hello> = struct(
  { minVersion: varint, maxVersion: varint, callsInFlight: varint },
  { extensible: true },
);

export const goodbyeCodec: Codec<Goodbye> = struct({ error: optional(errorBodyCodec) }, { extensible: true });

const nothing = new Uint8Array(0);

/** Whether `code` can travel as an error code. */
export function isErrorCode(code: string): boolean {
  return /^[a-z_]{1,32}$/.test(code);
}

export function helloFrame(hello: Hello): Uint8Array[] {
  return encodeFrame('hello', encode(helloCodec, hello));
}

export function goodbyeFrame(error?: ErrorBody): Uint8Array[] {
  return encodeFrame('goodbye', encode(goodbyeCodec, { error }));
}

/** With a number it asks how far the other side has read, otherwise for a sign of life alone. */
export function pingFrame(question?: number): Uint8Array[] {
  return encodeFrame('ping', question === undefined ? nothing : encode(varint, question));
}

/** `payload` is that of the ping. */
export function pongFrame(payload: Uint8Array = nothing): Uint8Array[] {
  return encodeFrame('pong', payload);
}

/** The number of the ping that a pong answers, if it had one; fails with `bad_envelope`. */
export function readPong(payload: Uint8Array): number | undefined {
  if (payload.length === 0) return undefined;
  try {
    return decode(varint, payload);
  } catch (cause) {
    throw new RpcError('bad_envelope', 'Cannot read the pong of the other side', { cause });
  }
}

/** Reads a hello; fails with `bad_hello`. */
export function readHello(payload: Uint8Array): Hello {
  try {
    return decode(helloCodec, payload);
  } catch (cause) {
    throw new RpcError('bad_hello', 'Cannot read the hello of the other side', { cause });
  }
}

/** Reads a goodbye; fails with `bad_envelope`. */
export function readGoodbye(payload: Uint8Array): Goodbye {
  try {
    return decode(goodbyeCodec, payload);
  } catch (cause) {
    throw new RpcError('bad_envelope', 'Cannot read the goodbye of the other side', { cause });
  }
}

/** The newest version that both sides speak; fails with `version_mismatch`. */
export function chooseVersion(ours: VersionRange, theirs: VersionRange): number {
  const version = Math.min(ours.maxVersion, theirs.maxVersion);
  if (version >= ours.minVersion && version >= theirs.minVersion) return version;
  throw new RpcError(
    'version_mismatch',
    `Cannot agree on a version: the other side speaks ${theirs.minVersion} to ${theirs.maxVersion}, ` +
      `this one ${ours.minVersion} to ${ours.maxVersion}`,
  );
}

/** `message` cut to what may travel, at a character's border. */
export function cutMessage(message: string): string {
  // At most three bytes a UTF-16 unit, so a short message needs no counting.
  if (message.length * 3 <= errorMessageBytes) return message.toWellFormed();
  const bytes = new TextEncoder().encode(message).subarray(0, errorMessageBytes);
  return new TextDecoder().decode(bytes).replace(/\uFFFD+$/, '');
}
