/**
 * The only place that changes the state of a tracker.
 *
 * `apply` is total for the events that the commands decide and throws for any other, so that a journal that makes no
 * sense is noticed where it stops making sense. It looks at nothing but the state and the event: a replay of the same
 * events leads to the same state. Bytes are copied, because an event may be a view of a network buffer.
 */
import { deviceIdOf } from '@minitorrent/rpc-core/identity';
import { deviceKey } from './device-key.ts';
import type { Entry, JournalRecord } from './entry.ts';
import { genesis, sameBytes } from './entry.ts';
import type { TrackerEvent } from './events.ts';
import { toHex } from './hex.ts';
import { REMEMBERED_REQUESTS } from './limits.ts';
import type {
  DeviceGrant,
  DoneRequest,
  Group,
  Invitation,
  JoinRequest,
  Member,
  SharedFile,
} from './model.ts';
import type { EventOf, OwnedGroup, OwnedState } from './owned-state.ts';
import { addTo, groupOf, removeFrom, require } from './owned-state.ts';
import { SortedNames } from './sorted-names.ts';
import { applyMembership } from './state-membership.ts';

export type { OwnedState } from './owned-state.ts';

/** The state before the first entry. */
export function createState(): OwnedState {
  return {
    position: genesis,
    users: new Map(),
    groups: new Map(),
    groupNames: new SortedNames(),
    groupsOf: new Map(),
    waitingFor: new Map(),
    doneRequests: new Map(),
    doneRing: [],
    beforeChange: new Set(),
  };
}

/** Applies all events of `entry`, which stands in the journal as `record`, and remembers that its request is done. */
export function applyEntry(state: OwnedState, entry: Entry, record: JournalRecord): void {
  for (const event of entry.events) apply(state, event);
  rememberRequest(state, entry);
  state.position = record.position;
}

/** A group as a snapshot keeps it, without its indexes. */
export interface FlatGroup
  extends Pick<Group, 'groupId' | 'createdAtMs' | 'groupKey' | 'memberEpoch' | 'forgottenEpoch'> {
  readonly members: readonly Member[];
  readonly grants: readonly DeviceGrant[];
  readonly revoked: readonly Revocation[];
  readonly invitations: readonly Invitation[];
  readonly joinRequests: readonly JoinRequest[];
  readonly files: readonly SharedFile[];
}

/** Grants to that user on that device are void from before this epoch of the group. */
export interface Revocation {
  readonly userId: string;
  readonly deviceId: Uint8Array;
  readonly memberEpoch: number;
}

/** Puts a whole group into a state that is being restored. */
export function addGroup(state: OwnedState, flat: FlatGroup): void {
  const { groupId, createdAtMs, groupKey, memberEpoch, forgottenEpoch } = flat;
  const group: OwnedGroup = {
    groupId,
    createdAtMs,
    groupKey,
    memberEpoch,
    forgottenEpoch,
    members: new Map(flat.members.map((member) => [member.userId, member])),
    grants: new Map(flat.grants.map((grant) => [deviceKey(grant.userId, grant.deviceId), grant])),
    revoked: new Map(flat.revoked.map((one) => [deviceKey(one.userId, one.deviceId), one.memberEpoch])),
    invitations: new Map(flat.invitations.map((one) => [toHex(one.inviteId), one])),
    joinRequests: new Map(flat.joinRequests.map((request) => [request.userId, request])),
    files: new Map(),
    fileNames: new SortedNames(),
    roots: new Map(),
  };
  for (const shared of flat.files) putFile(group, shared);
  for (const userId of group.members.keys()) addTo(state.groupsOf, userId, groupId);
  for (const userId of group.joinRequests.keys()) addTo(state.waitingFor, userId, groupId);
  state.groups.set(groupId, group);
  state.groupNames.add(groupId);
}

/** Remembers that a write is done, and forgets the oldest one when there are too many. */
export function rememberRequest(
  state: OwnedState,
  request: DoneRequest & { readonly requestId: Uint8Array },
): void {
  const { index, fingerprint, result } = request;
  const place = index % REMEMBERED_REQUESTS;
  const forgotten = state.doneRing[place];
  if (forgotten !== undefined) state.doneRequests.delete(forgotten);
  const key = toHex(request.requestId);
  state.doneRing[place] = key;
  state.doneRequests.set(key, { index, fingerprint: fingerprint.slice(), result });
}

/** Applies one event. Throws a TypeError for an event that cannot follow from this state. */
export function apply(state: OwnedState, event: TrackerEvent): void {
  switch (event.kind) {
    case 'user_created':
      createUser(state, event);
      break;
    case 'password_rehashed':
    case 'password_changed':
      replacePassword(state, event);
      break;
    case 'group_created':
      createGroup(state, event);
      break;
    case 'group_deleted':
      deleteGroup(state, event);
      break;
    case 'join_requested':
      addJoinRequest(state, event);
      break;
    case 'join_withdrawn':
    case 'join_refused':
      removeJoinRequest(state, event);
      break;
    case 'join_accepted':
      acceptJoinRequest(state, event);
      break;
    case 'file_shared':
      addFile(state, event);
      break;
    case 'file_signed':
      signSharedFile(state, event);
      break;
    case 'sharing_stopped':
      removeFile(state, event);
      break;
    default:
      applyMembership(state, event);
  }
}

function createUser(state: OwnedState, event: EventOf<'user_created'>): void {
  const { userId, passwordHash, atMs } = event;
  require(!state.users.has(userId), event, 'the user exists');
  state.users.set(userId, { userId, passwordHash, createdAtMs: atMs, devices: new Map() });
}

function replacePassword(state: OwnedState, event: EventOf<'password_rehashed' | 'password_changed'>): void {
  const user = state.users.get(event.userId);
  require(user !== undefined, event, 'there is no such user');
  state.users.set(event.userId, { ...user, passwordHash: event.passwordHash });
}

function createGroup(state: OwnedState, event: EventOf<'group_created'>): void {
  const { groupId, userId, atMs } = event;
  require(!state.groups.has(groupId), event, 'the group exists');
  require(state.users.has(userId), event, 'there is no such user');
  addGroup(state, {
    groupId,
    createdAtMs: atMs,
    groupKey: undefined,
    memberEpoch: 1,
    forgottenEpoch: 0,
    members: [{ userId, role: 'admin', sinceMs: atMs }],
    grants: [],
    revoked: [],
    invitations: [],
    joinRequests: [],
    files: [],
  });
}

function deleteGroup(state: OwnedState, event: EventOf<'group_deleted'>): void {
  const group = groupOf(state, event);
  require(group.members.size === 0, event, 'the group has members');
  for (const userId of group.joinRequests.keys()) removeFrom(state.waitingFor, userId, event.groupId);
  state.groups.delete(event.groupId);
  state.groupNames.remove(event.groupId);
}

function addJoinRequest(state: OwnedState, event: EventOf<'join_requested'>): void {
  const { groupId, userId, atMs } = event;
  const group = groupOf(state, event);
  require(state.users.has(userId), event, 'there is no such user');
  require(!group.joinRequests.has(userId), event, 'the user waits already');
  group.joinRequests.set(userId, { userId, requestedAtMs: atMs });
  addTo(state.waitingFor, userId, groupId);
}

function removeJoinRequest(
  state: OwnedState,
  event: TrackerEvent & { groupId: string; userId: string },
): void {
  const { groupId, userId } = event;
  const group = groupOf(state, event);
  require(group.joinRequests.delete(userId), event, 'the user does not wait');
  removeFrom(state.waitingFor, userId, groupId);
}

function acceptJoinRequest(state: OwnedState, event: EventOf<'join_accepted'>): void {
  const { groupId, userId, atMs } = event;
  removeJoinRequest(state, event);
  const group = groupOf(state, event);
  // A member asked for further devices; what lets them in follows in the same entry.
  if (group.members.has(userId)) return;
  group.members.set(userId, { userId, role: 'member', sinceMs: atMs });
  group.memberEpoch += 1;
  addTo(state.groupsOf, userId, groupId);
}

function addFile(state: OwnedState, event: EventOf<'file_shared'>): void {
  const { file, by, atMs } = event;
  const group = groupOf(state, event);
  require(!group.files.has(file.name), event, 'the group has a file of that name');
  putFile(group, { file, sharedBy: by, sharedAtMs: atMs });
}

function putFile(group: OwnedGroup, shared: SharedFile): void {
  const { name, size, pieceLength } = shared.file;
  const root = shared.file.root.slice();
  group.files.set(name, { ...shared, file: { name, size, pieceLength, root } });
  group.fileNames.add(name);
  const key = toHex(root);
  group.roots.set(key, (group.roots.get(key) ?? 0) + 1);
}

function signSharedFile(state: OwnedState, event: EventOf<'file_signed'>): void {
  const group = groupOf(state, event);
  const shared = group.files.get(event.name);
  require(shared !== undefined, event, 'the group has no file of that name');
  const signature = { publicKey: event.publicKey.slice(), signature: event.signature.slice() };
  // All that one device shares hangs on one proof, which is kept once.
  const { proof } = group.grants.get(deviceKey(shared.sharedBy, deviceIdOf(event.publicKey))) ?? {};
  const isKept = proof !== undefined && sameBytes(proof, event.sharer);
  group.files.set(event.name, { ...shared, signature, sharer: isKept ? proof : event.sharer.slice() });
}

function removeFile(state: OwnedState, event: EventOf<'sharing_stopped'>): void {
  const group = groupOf(state, event);
  const shared = group.files.get(event.name);
  require(shared !== undefined, event, 'the group has no file of that name');
  group.files.delete(event.name);
  group.fileNames.remove(event.name);
  const key = toHex(shared.file.root);
  const left = (group.roots.get(key) ?? 1) - 1;
  if (left === 0) group.roots.delete(key);
  else group.roots.set(key, left);
}
