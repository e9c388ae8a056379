/**
 * What is written down about a partial file, so that a restart need not hash it: which pieces are durable, and the state
 * of the file when that was true. Also what a restart makes of it. A record that is torn, damaged or about another file
 * counts as no record.
 *
 * Bytes: "MTR" and the version 1, the fields, SHA-256 of all that.
 */
import { hash, timingSafeEqual } from 'node:crypto';
import {
  bytes,
  decode,
  encode,
  enumeration,
  fixedBytes,
  struct,
  u32,
  u64,
  varint,
} from '@minitorrent/wire-codec';
import { Bitfield } from './bitfield.ts';
import { type FileIdentity, isSameIdentity } from './file-identity.ts';
import { HASH_BYTES, MAX_PIECE_COUNT } from './limits.ts';
import type { FileDescriptor } from './manifest.ts';
import { createPieceLayout } from './piece-layout.ts';

/**
 * `writing`: a session that may have been writing when it ended. `closed`: one that ended in order. `complete`: every
 * piece is durable, and the file has its final name or is about to get it.
 */
export type ResumeState = 'writing' | 'closed' | 'complete';

/** One record. */
export interface ResumeRecord {
  readonly state: ResumeState;
  /** Size and time of last change of the file when the record was made. */
  readonly identity: FileIdentity;
  /** The pieces that were durable then. */
  readonly pieces: Bitfield;
}

/** More than any record has. */
export const MAX_RECORD_BYTES: number = MAX_PIECE_COUNT / 8 + 256;

/** The record as bytes. */
export function encodeResumeRecord(file: FileDescriptor, record: ResumeRecord): Uint8Array {
  const { root, pieceLength } = file;
  const { state, identity, pieces } = record;
  const body = encode(recordCodec, { root, pieceLength, state, ...identity, pieces: pieces.toBytes() });
  const sealed = new Uint8Array(HEADER.length + body.length + HASH_BYTES);
  sealed.set(HEADER);
  sealed.set(body, HEADER.length);
  const checksumAt = sealed.length - HASH_BYTES;
  sealed.set(hash('sha256', sealed.subarray(0, checksumAt), 'buffer'), checksumAt);
  return sealed;
}

/** Reads a record back; undefined unless it is whole and about this file, cut alike. */
export function decodeResumeRecord(file: FileDescriptor, sealed: Uint8Array): ResumeRecord | undefined {
  const checksumAt = sealed.length - HASH_BYTES;
  if (checksumAt < HEADER.length || !HEADER.every((byte, place) => byte === sealed[place])) return undefined;
  const checksum = hash('sha256', sealed.subarray(0, checksumAt), 'buffer');
  if (!timingSafeEqual(checksum, sealed.subarray(checksumAt))) return undefined;
  // The checksum says that the fields are as this package wrote them.
  const fields = decode(recordCodec, sealed.subarray(HEADER.length, checksumAt));
  if (fields.pieceLength !== file.pieceLength || !timingSafeEqual(fields.root, file.root)) return undefined;
  const { state, size, modifiedNs } = fields;
  if (size !== file.size) return undefined;
  const pieces = Bitfield.fromBytes(fields.pieces, createPieceLayout(file).pieceCount);
  return { state, identity: { size, modifiedNs }, pieces };
}

/**
 * What to do with a partial file. `trust`: the record is right. `check_rest`: what it names is right, as it was durable
 * before the record was; a session was cut off, so there may be more. `rehash`: nothing is known.
 */
export type ResumePlan = 'trust' | 'check_rest' | 'rehash';

/** Compares a record with the file that it is about. */
export function planResume(record: ResumeRecord | undefined, file: FileIdentity): ResumePlan {
  if (record === undefined || record.identity.size !== file.size) return 'rehash';
  if (record.state === 'writing') return 'check_rest';
  // After an orderly end nobody but a stranger changes the file.
  return isSameIdentity(record.identity, file) ? 'trust' : 'rehash';
}

const HEADER: Uint8Array = Uint8Array.of(0x4d, 0x54, 0x52, 1);

const recordCodec = struct({
  root: fixedBytes(HASH_BYTES),
  pieceLength: u32,
  size: varint,
  state: enumeration({ writing: 1, closed: 2, complete: 3 }),
  modifiedNs: u64,
  pieces: bytes({ maxBytes: MAX_PIECE_COUNT / 8 }),
});
