/** Messages for who runs trackers. */
import type { Infer } from '@minitorrent/wire-codec';
import { boolean, list, optional, struct, text, varint } from '@minitorrent/wire-codec';
import { MESSAGE_LIMITS as LIMITS } from '../message-limits.ts';
import { configCodec } from '../register.ts';
import { clusterId, storeId } from './parts.ts';

const reason = text({ maxBytes: LIMITS.reasonBytes });
export const operatorRequest = struct({ clusterId }, { extensible: true });
/** What another tracker of the cluster is, as the answering one knows it; a primary knows what it lacks. */
export const otherTracker = struct(
  {
    name: text({ maxBytes: LIMITS.hostBytes + 8 }),
    storeId: optional(storeId),
    isInSync: boolean,
    lag: optional(varint),
    heardMsAgo: optional(varint),
  },
  { extensible: true },
);
/** When and why another store became primary, so far as the answering process saw it. */
export const takeover = struct({ epoch: varint, msAgo: varint, reason }, { extensible: true });
/** Something that a person has to look at; the newest first. */
export const fault = struct({ msAgo: varint, reason }, { extensible: true });
/** A word of a list that may grow: trackers of two versions ask each other, and an enumeration would be refused. */
const word = text({ maxBytes: 32 });
/** `alone`: a tracker without others. `shared`: one of several over one journal. The others are those of a cluster. */
export const trackerStatusAnswer = struct(
  {
    role: word,
    reason,
    /** Since the role or the config changed. */
    changedMsAgo: varint,
    storeId,
    config: configCodec,
    headIndex: varint,
    committedIndex: varint,
    /** `none`, `answers` or `silent`. */
    register: word,
    others: list(otherTracker, { maxItems: LIMITS.trackers }),
    lastTakeover: optional(takeover),
    faults: list(fault, { maxItems: LIMITS.faults }),
  },
  { extensible: true },
);

export type TrackerStatus = Infer<typeof trackerStatusAnswer>;
