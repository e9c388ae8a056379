/**
 * The bytes of a register file, and what is wrong with bytes that are none.
 *
 * "MTW" and the version, cluster id, config, SHA-256 of all that. Every version begins and ends like this, so that a
 * damaged file can be told from a newer one. What cannot be read is refused, never repaired: a register that guesses may
 * give two trackers the same right.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode, fixedBytes, struct } from '@minitorrent/wire-codec';
import { describe, TrackerError } from '../errors.ts';
import { type Config, configCodec } from '../register.ts';
import { CLUSTER_ID_BYTES, WITNESS_LIMITS } from './limits.ts';

/** What a witness keeps: all of it. */
export interface RegisterContent {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly config: Config;
}

/** The file's bytes. */
export function encodeRegister(content: RegisterContent): Uint8Array {
  const body = encode(contentCodec, content);
  const file = new Uint8Array(HEADER_BYTES + body.length + CHECKSUM_BYTES);
  file.set([...MAGIC, VERSION]);
  file.set(body, HEADER_BYTES);
  file.set(checksumOf(file), file.length - CHECKSUM_BYTES);
  return file;
}

/**
 * Reads a file's bytes; undefined stands for a file that is not there. Fails with `no_register`, `register_corrupt` or
 * `register_too_new`. `place` is where they were, for the message.
 */
export function decodeRegister(bytes: Uint8Array | undefined, place: string): RegisterContent {
  if (bytes === undefined) {
    const message = `There is no register in ${place}; make it, once for a cluster: minitorrent witness init`;
    throw new TrackerError('no_register', message);
  }
  const flaw = flawOf(bytes);
  if (flaw !== undefined) throw corrupt(place, flaw);
  const version = bytes[MAGIC.length];
  if (version !== VERSION) {
    const message = `Cannot use the register in ${place}: it has version ${version}, and this program reads ${VERSION}; update minitorrent on this machine`;
    throw new TrackerError('register_too_new', message);
  }
  try {
    const { clusterId, config } = decode(
      contentCodec,
      bytes.subarray(HEADER_BYTES, bytes.length - CHECKSUM_BYTES),
    );
    return { clusterId: clusterId.slice(), config };
  } catch (cause) {
    throw corrupt(place, describe(cause), { cause });
  }
}

const contentCodec: Codec<RegisterContent> = struct({
  clusterId: fixedBytes(CLUSTER_ID_BYTES),
  config: configCodec,
});

const MAGIC: readonly number[] = [...new TextEncoder().encode('MTW')];
const VERSION = 1;
const HEADER_BYTES = MAGIC.length + 1;
const CHECKSUM_BYTES = 32;

function flawOf(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'it is empty';
  if (bytes.length > WITNESS_LIMITS.fileBytes) return `it is longer than ${WITNESS_LIMITS.fileBytes} bytes`;
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) return `it has only ${bytes.length} bytes`;
  if (!MAGIC.every((byte, at) => byte === bytes[at])) return 'it does not begin as a register does';
  const checksum = bytes.subarray(bytes.length - CHECKSUM_BYTES);
  return timingSafeEqual(checksum, checksumOf(bytes)) ? undefined : 'its checksum does not fit its content';
}

/** Of everything before the place of the checksum. */
function checksumOf(file: Uint8Array): Uint8Array {
  return hash('sha256', file.subarray(0, file.length - CHECKSUM_BYTES), 'buffer');
}

function corrupt(place: string, flaw: string, options?: ErrorOptions): TrackerError {
  const message = `Cannot use the register in ${place}: ${flaw}; move it away and make a new one, with the id of the cluster: minitorrent witness init --cluster <id>`;
  return new TrackerError('register_corrupt', message, options);
}
