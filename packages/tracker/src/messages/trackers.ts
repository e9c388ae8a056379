/** Messages between trackers. */
import type { Infer } from '@minitorrent/wire-codec';
import { bytes, enumeration, fixedBytes, list, optional, struct, varint } from '@minitorrent/wire-codec';
import { changeCodec } from '../commands/change.ts';
import { resultCodec } from '../events.ts';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { configCodec } from '../register.ts';
import { clusterId, requestId, storeId } from './parts.ts';

/** A place in the journal: the entry's epoch and index, and the hash of the entry there. */
export const journalPosition = struct({ epoch: varint, index: varint, hash: fixedBytes(32) });
const entries = list(bytes({ maxBytes: LIMITS.entryBytes }), { maxItems: LIMITS.entriesPerSync });
/** What a tracker of the same cluster says of itself; another reader of the journal leaves it out. */
export const memberRequest = struct(
  {
    kind: enumeration({ push: 1, pull: 2 }),
    clusterId,
    storeId,
    config: configCodec,
    committed: varint,
    /** Pull form: this part of the snapshot at `index` is wanted; any snapshot's first part when both are 0. */
    snapshot: optional(struct({ index: varint, offset: varint })),
  },
  { extensible: true },
);
/**
 * Push form, from the primary: `entries` follow `position`, all up to `committed` are acknowledged, and no entries make
 * it a heartbeat. Pull form: `entries` is empty, `position` is the last entry that the caller has.
 */
export const syncRequest = struct(
  { position: journalPosition, entries, member: optional(memberRequest) },
  { extensible: true },
);
/**
 * To a push: `accepted` promises that the caller is followed, `catching_up` does not yet, `refused` is for whoever is not
 * primary. To a pull: `accepted` comes with the entries, `diverged` with the head to go back to, `snapshot` with a part.
 */
export const memberAnswer = struct(
  {
    outcome: enumeration({ accepted: 1, catching_up: 2, refused: 3, diverged: 4, snapshot: 5 }),
    clusterId,
    storeId,
    config: configCodec,
    committed: varint,
    snapshot: optional(
      struct({
        position: journalPosition,
        offset: varint,
        totalBytes: varint,
        bytes: bytes({ maxBytes: LIMITS.snapshotPartBytes }),
      }),
    ),
  },
  { extensible: true },
);
/** The durable head of the answering journal, or where to go back to, and the entries asked for, oldest first. */
export const syncAnswer = struct(
  { head: journalPosition, entries, member: optional(memberAnswer) },
  { extensible: true },
);

/** A change that a peer asked of the caller, which is not primary; the user is logged in there. */
export const forwardRequest = struct({ clusterId, requestId, change: changeCodec }, { extensible: true });
/** It is acknowledged, and so is everything up to entry `index` of the journal. */
export const forwardAnswer = struct({ index: varint, result: resultCodec }, { extensible: true });

export type SyncRequest = Infer<typeof syncRequest>;
export type SyncAnswer = Infer<typeof syncAnswer>;
export type JournalPosition = Infer<typeof journalPosition>;
