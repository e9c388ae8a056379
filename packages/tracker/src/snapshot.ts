/**
 * The whole state as bytes, so that a journal can drop the entries that led to it.
 *
 * Indexes are left out and made again. The bytes end with their own SHA-256, because no chain of entries vouches for them.
 * Kept for ever as entries are: another version is another codec beside this one.
 */
import { hash } from 'node:crypto';
import type { Codec, Infer } from '@minitorrent/wire-codec';
import {
  decode,
  encode,
  enumeration,
  fixedBytes,
  list,
  refine,
  struct,
  text,
  u8,
  varint,
} from '@minitorrent/wire-codec';
import { corrupt, sameBytes } from './entry.ts';
import { describe } from './errors.ts';
import { fileCodec, resultCodec } from './events.ts';
import { fromHex } from './hex.ts';
import type { JournalSnapshot } from './journal/journal.ts';
import { REMEMBERED_REQUESTS } from './limits.ts';
import type { Role } from './messages.ts';
import type { Group, TrackerState } from './model.ts';
import type { OwnedState } from './state.ts';
import { addGroup, createState, rememberRequest } from './state.ts';

const HASH_BYTES = 32;
/** More than fits into one buffer: the number of users or groups is bounded by memory, not by this. */
const MANY = 2 ** 31;

const userId = text({ maxBytes: 64 });
const role: Codec<Role> = enumeration({ member: 1, admin: 2 });
const user = struct({ userId, passwordHash: text({ maxBytes: 256 }), createdAtMs: varint });
const group = struct({
  groupId: text({ maxBytes: 64 }),
  createdAtMs: varint,
  memberEpoch: varint,
  members: list(struct({ userId, role, sinceMs: varint }), { maxItems: MANY }),
  joinRequests: list(struct({ userId, requestedAtMs: varint }), { maxItems: MANY }),
  files: list(struct({ file: fileCodec, sharedBy: userId, sharedAtMs: varint }), { maxItems: MANY }),
});
const doneRequest = struct({
  requestId: fixedBytes(16),
  index: varint,
  fingerprint: fixedBytes(16),
  result: resultCodec,
});
const stateCodec = struct({
  version: refine(u8, { name: 'snapshotVersion', check: (value): value is 1 => value === 1 }),
  users: list(user, { maxItems: MANY }),
  groups: list(group, { maxItems: MANY }),
  doneRequests: list(doneRequest, { maxItems: REMEMBERED_REQUESTS }),
});

type Groups = Infer<typeof stateCodec>['groups'];

/** A snapshot of `state` at its position. */
export function encodeSnapshot(state: TrackerState): JournalSnapshot {
  const body = encode(stateCodec, {
    version: 1,
    users: [...state.users.values()],
    groups: [...state.groups.values()].map(flatten),
    doneRequests: [...state.doneRequests].map(([requestId, done]) => ({
      requestId: fromHex(requestId),
      ...done,
    })),
  });
  const bytes = new Uint8Array(body.length + HASH_BYTES);
  bytes.set(body);
  bytes.set(hash('sha256', body, 'buffer'), body.length);
  return { position: state.position, bytes };
}

/** The state that was encoded; `journal_corrupt` for bytes that are not whole. */
export function decodeSnapshot(snapshot: JournalSnapshot): OwnedState {
  const { bytes, position } = snapshot;
  const body = bytes.subarray(0, Math.max(0, bytes.length - HASH_BYTES));
  if (!sameBytes(hash('sha256', body, 'buffer'), bytes.subarray(body.length))) {
    throw corrupt(position.index, 'the snapshot up to here does not have the hash that was kept');
  }
  const state = createState();
  const { users, groups, doneRequests } = readState(stateCodec, body, position.index);
  for (const one of users) state.users.set(one.userId, one);
  for (const one of groups) addGroup(state, one);
  for (const one of doneRequests) rememberRequest(state, one);
  state.position = position;
  return state;
}

function flatten(group: Group): Groups[number] {
  return {
    ...group,
    members: [...group.members.values()],
    joinRequests: [...group.joinRequests.values()],
    files: [...group.files.values()],
  };
}

function readState<T>(codec: Codec<T>, body: Uint8Array, index: number): T {
  try {
    return decode(codec, body);
  } catch (cause) {
    throw corrupt(index, `the snapshot up to here cannot be read (${describe(cause)})`, { cause });
  }
}
