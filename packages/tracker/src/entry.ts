/**
 * One entry of the journal: a write with all its events, chained to the entry before it by SHA-256.
 *
 * The hash of an entry covers its bytes, which contain the hash of the entry before. So two journals that have the same
 * hash at an index are the same up to there, and a changed bit anywhere shows. The bytes begin with the version of the
 * format; another version is another codec beside this one.
 */
import { hash } from 'node:crypto';
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode, fixedBytes, list, refine, struct, u8, varint } from '@minitorrent/wire-codec';
import { describe, TrackerError } from './errors.ts';
import type { Result, TrackerEvent } from './events.ts';
import { eventCodec, resultCodec } from './events.ts';
import type { JournalPosition } from './messages.ts';

export interface Entry {
  readonly version: 1;
  /** Never lower than that of the entry before; which tracker wrote it, with several of them. */
  readonly epoch: number;
  /** 1 for the first entry, then one more each. */
  readonly index: number;
  /** 16 bytes; the same for a second try of the same write. */
  readonly requestId: Uint8Array;
  /** 16 bytes; see `fingerprintOf`. */
  readonly fingerprint: Uint8Array;
  readonly result: Result;
  /** All or none of them happened. None begins the term of a tracker that a person promoted. */
  readonly events: readonly TrackerEvent[];
  /** 32 bytes: the hash of the entry before, or zeros. */
  readonly prevHash: Uint8Array;
}

/** An entry as it is kept: its place, its hash, its bytes. */
export interface JournalRecord {
  readonly position: JournalPosition;
  readonly bytes: Uint8Array;
}

/** Where a journal without entries stands. */
export const genesis: JournalPosition = { epoch: 0, index: 0, hash: new Uint8Array(32) };

export const entryCodec: Codec<Entry> = struct({
  version: refine(u8, { name: 'entryVersion', check: (value): value is 1 => value === 1 }),
  epoch: varint,
  index: varint,
  requestId: fixedBytes(16),
  fingerprint: fixedBytes(16),
  result: resultCodec,
  // A change of role with a new proof for each device of a user.
  events: list(eventCodec, { maxItems: 80 }),
  prevHash: fixedBytes(32),
});

/** The record of `entry`, ready for a journal. */
export function sealEntry(entry: Entry): JournalRecord {
  // A copy, because encoded messages share buffers, and a worker would be sent the whole one.
  const bytes = encode(entryCodec, entry).slice();
  return { bytes, position: { epoch: entry.epoch, index: entry.index, hash: hashOf(bytes) } };
}

/** Reads `record` as the successor of `previous`; fails with `journal_corrupt` where it is not. */
export function openRecord(record: JournalRecord, previous: JournalPosition): Entry {
  const { position, bytes } = record;
  const index = previous.index + 1;
  if (position.index !== index) throw corrupt(index, `found entry ${position.index} in its place`);
  if (!sameBytes(hashOf(bytes), position.hash))
    throw corrupt(index, 'its bytes do not have the hash that was kept');
  const entry = readEntry(bytes, index);
  if (entry.index !== index) throw corrupt(index, `it says that it is entry ${entry.index}`);
  if (entry.epoch !== position.epoch || entry.epoch < previous.epoch) {
    throw corrupt(index, `it says epoch ${entry.epoch} after epoch ${previous.epoch}`);
  }
  if (!sameBytes(entry.prevHash, previous.hash))
    throw corrupt(index, 'it does not follow the entry before it');
  return entry;
}

/** The record that `bytes` are after `previous`; fails with `journal_corrupt` where they do not follow it. */
export function recordAfter(previous: JournalPosition, bytes: Uint8Array): JournalRecord {
  const index = previous.index + 1;
  const { epoch } = readEntry(bytes, index);
  const record = { bytes, position: { epoch, index, hash: hashOf(bytes) } };
  openRecord(record, previous);
  return record;
}

/** Where `record` says that the journal stood before it; the epoch, which it does not say, is 0. */
export function positionBefore({ position, bytes }: JournalRecord): JournalPosition {
  const { prevHash } = readEntry(bytes, position.index);
  return { epoch: 0, index: position.index - 1, hash: prevHash };
}

/** Names a write by what it asks for, so that a request id that comes again for something else is noticed. 16 bytes. */
export function fingerprintOf(...words: readonly string[]): Uint8Array {
  // Words are joined by a character that no identifier, name or root may contain.
  return new Uint8Array(hash('sha256', words.join('\0'), 'buffer').subarray(0, 16));
}

/** The error for a journal that cannot be trusted from `index` on. */
export function corrupt(index: number, why: string, options?: ErrorOptions): TrackerError {
  return new TrackerError(
    'journal_corrupt',
    `Cannot use journal entry ${index}: ${why}; restore the data folder from a backup, or copy the journal of another tracker`,
    options,
  );
}

/** Whether two byte strings are equal. Not for secrets. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at += 1) if (a[at] !== b[at]) return false;
  return true;
}

function readEntry(bytes: Uint8Array, index: number): Entry {
  try {
    return decode(entryCodec, bytes);
  } catch (cause) {
    throw corrupt(index, `its bytes cannot be read (${describe(cause)})`, { cause });
  }
}

function hashOf(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(hash('sha256', bytes, 'buffer'));
}
