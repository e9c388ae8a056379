/**
 * What can happen to the state of a tracker, and the bytes it is journalled as.
 *
 * These bytes are kept for ever. So an event's tag is never used again and its fields never change: what has to look
 * different later is a new event with a new tag, and the struct is not extensible, because a tracker that skipped a field
 * would come to another state than the one that wrote it. Names are not validated here, only bounded: they were
 * validated when they came in, and a journal must stay readable when that rule changes.
 */
import type { FileDescriptor } from '@minitorrent/chunk-store';
import type { Codec } from '@minitorrent/wire-codec';
import { fixedBytes, struct, text, u32, union, varint } from '@minitorrent/wire-codec';

/** One change. `by` is who did it where that is not `userId`; times are milliseconds since the Unix epoch. */
export type TrackerEvent =
  | {
      readonly kind: 'user_created';
      readonly userId: string;
      readonly passwordHash: string;
      readonly atMs: number;
    }
  | { readonly kind: 'password_rehashed'; readonly userId: string; readonly passwordHash: string }
  | {
      readonly kind: 'group_created';
      readonly groupId: string;
      readonly userId: string;
      readonly atMs: number;
    }
  | { readonly kind: 'group_deleted'; readonly groupId: string }
  | {
      readonly kind: 'join_requested';
      readonly groupId: string;
      readonly userId: string;
      readonly atMs: number;
    }
  | { readonly kind: 'join_withdrawn'; readonly groupId: string; readonly userId: string }
  | JoinAccepted
  | { readonly kind: 'join_refused'; readonly groupId: string; readonly userId: string; readonly by: string }
  | { readonly kind: 'member_left'; readonly groupId: string; readonly userId: string }
  | FileShared
  | SharingStopped;

interface JoinAccepted {
  readonly kind: 'join_accepted';
  readonly groupId: string;
  readonly userId: string;
  readonly by: string;
  readonly atMs: number;
}

interface FileShared {
  readonly kind: 'file_shared';
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly by: string;
  readonly atMs: number;
}

interface SharingStopped {
  readonly kind: 'sharing_stopped';
  readonly groupId: string;
  readonly name: string;
  /** Of the file that had the name. */
  readonly root: Uint8Array;
  readonly by: string;
}

/** What a write answers; kept with it, so that a second try gets the first answer. */
export type Result =
  | { readonly kind: 'done' }
  /** A join request now waits for an admin. */
  | { readonly kind: 'requested' };

const userId = text({ maxBytes: 64 });
const groupId = text({ maxBytes: 64 });
const passwordHash = text({ maxBytes: 256 });
const fileName = text({ maxBytes: 255 });
const atMs = varint;
/** A file as the journal keeps it; the network has a codec of its own, which may change. */
export const fileCodec: Codec<FileDescriptor> = struct({
  name: fileName,
  size: varint,
  pieceLength: u32,
  root: fixedBytes(32),
});

export const eventCodec: Codec<TrackerEvent> = union('kind', {
  user_created: { tag: 1, codec: struct({ userId, passwordHash, atMs }) },
  password_rehashed: { tag: 2, codec: struct({ userId, passwordHash }) },
  group_created: { tag: 3, codec: struct({ groupId, userId, atMs }) },
  group_deleted: { tag: 4, codec: struct({ groupId }) },
  join_requested: { tag: 5, codec: struct({ groupId, userId, atMs }) },
  join_withdrawn: { tag: 6, codec: struct({ groupId, userId }) },
  join_accepted: { tag: 7, codec: struct({ groupId, userId, by: userId, atMs }) },
  join_refused: { tag: 8, codec: struct({ groupId, userId, by: userId }) },
  member_left: { tag: 9, codec: struct({ groupId, userId }) },
  file_shared: { tag: 10, codec: struct({ groupId, file: fileCodec, by: userId, atMs }) },
  sharing_stopped: { tag: 11, codec: struct({ groupId, name: fileName, root: fixedBytes(32), by: userId }) },
});

export const resultCodec: Codec<Result> = union('kind', {
  done: { tag: 1, codec: struct({}) },
  requested: { tag: 2, codec: struct({}) },
});
