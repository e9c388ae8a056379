/**
 * The state as it was frozen, to bytes, slice by slice: a million entries take seconds to encode, and a tracker that is
 * silent for one second counts as dead. Together the slices are what `stateCodec` would write.
 */
import { createHash } from 'node:crypto';
import { type Codec, Writer } from '@minitorrent/wire-codec';
import type { FrozenState } from './frozen-state.ts';
import {
  doneRequestCodec,
  fileEntryCodec,
  grantCodec,
  groupHeadCodec,
  invitationCodec,
  joinRequestCodec,
  memberCodec,
  revocationCodec,
  userCodec,
} from './snapshot-codec.ts';

/** Some 100 items, and with the largest one less than the buffer that a writer begins with: it never has to grow. */
const SLICE_BYTES = 7 * 1024;
/** Slices; they are only copied. */
const JOINED_AT_ONCE = 256;

/** To be gone through once. */
export function* encodeSlices(frozen: FrozenState, sliceBytes: number = SLICE_BYTES): Generator<Uint8Array> {
  const writer = new Writer();
  const list = listEncoder(writer, sliceBytes);
  writer.u8(2);
  yield* list(userCodec, frozen.users.length, frozen.users);
  writer.varint(frozen.groupCount);
  for (const group of frozen.groups()) {
    groupHeadCodec.write(writer, group);
    yield* list(memberCodec, group.members.length, group.members);
    yield* list(grantCodec, group.grants.length, group.grants);
    yield* list(revocationCodec, group.revoked.length, group.revoked);
    yield* list(invitationCodec, group.invitations.length, group.invitations);
    yield* list(joinRequestCodec, group.joinRequests.length, group.joinRequests);
    yield* list(fileEntryCodec, group.files.length, group.files);
  }
  yield* list(doneRequestCodec, frozen.doneRequests.length, frozen.keptRequests());
  yield writer.finish();
}

type EncodeList = <T>(codec: Codec<T>, count: number, items: Iterable<T>) => Generator<Uint8Array>;

/** Writes lists as the codec `list` does, and hands out what was written whenever that makes a slice. */
function listEncoder(writer: Writer, sliceBytes: number): EncodeList {
  return function* (codec, count, items) {
    writer.varint(count);
    for (const item of items) {
      codec.write(writer, item);
      if (writer.length >= sliceBytes) yield writer.finish();
    }
  };
}

/** Slices, and the hash of them all, which comes last. */
export class GatheredBytes {
  readonly #slices: Uint8Array[] = [];
  readonly #hash = createHash('sha256');
  #length = 0;

  add(slice: Uint8Array): void {
    this.#slices.push(slice);
    this.#hash.update(slice);
    this.#length += slice.length;
  }

  /** All of it in one piece; stops now and then on the way, because that may be a hundred megabytes. */
  *join(): Generator<void, Uint8Array> {
    const digest = this.#hash.digest();
    const bytes = new Uint8Array(this.#length + digest.length);
    let filled = 0;
    for (const [at, slice] of this.#slices.entries()) {
      bytes.set(slice, filled);
      filled += slice.length;
      if (at % JOINED_AT_ONCE === JOINED_AT_ONCE - 1) yield;
    }
    bytes.set(digest, filled);
    return bytes;
  }
}
