/**
 * The only place that changes the state of a tracker.
 *
 * `apply` is total for the events that the commands decide and throws for any other, so that a journal that makes no
 * sense is noticed where it stops making sense. It looks at nothing but the state and the event: a replay of the same
 * events leads to the same state. Bytes are copied, because an event may be a view of a network buffer.
 */
import type { Entry, JournalRecord } from './entry.ts';
import { genesis } from './entry.ts';
import type { TrackerEvent } from './events.ts';
import { toHex } from './hex.ts';
import { REMEMBERED_REQUESTS } from './limits.ts';
import type { JournalPosition } from './messages.ts';
import type { DoneRequest, Group, JoinRequest, Member, SharedFile, TrackerState, User } from './model.ts';
import { insertName, removeName } from './sorted-names.ts';

/** The state as its one owner holds it; everybody else sees a `TrackerState`. */
export interface OwnedState extends TrackerState {
  position: JournalPosition;
  readonly users: Map<string, User>;
  readonly groups: Map<string, OwnedGroup>;
  readonly groupNames: string[];
  readonly groupsOf: Map<string, Set<string>>;
  readonly waitingFor: Map<string, Set<string>>;
  readonly doneRequests: Map<string, DoneRequest>;
  /** The keys of `doneRequests` as a ring: the entry at `index` uses the place `index % REMEMBERED_REQUESTS`. */
  readonly doneRing: string[];
}

interface OwnedGroup extends Group {
  memberEpoch: number;
  readonly members: Map<string, Member>;
  readonly joinRequests: Map<string, JoinRequest>;
  readonly files: Map<string, SharedFile>;
  readonly fileNames: string[];
  readonly roots: Map<string, number>;
}

/** The state before the first entry. */
export function createState(): OwnedState {
  return {
    position: genesis,
    users: new Map(),
    groups: new Map(),
    groupNames: [],
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
export interface FlatGroup extends Pick<Group, 'groupId' | 'createdAtMs' | 'memberEpoch'> {
  readonly members: readonly Member[];
  readonly joinRequests: readonly JoinRequest[];
  readonly files: readonly SharedFile[];
}

/** Puts a whole group into a state that is being restored. */
export function addGroup(state: OwnedState, flat: FlatGroup): void {
  const { groupId, createdAtMs, memberEpoch } = flat;
  const group: OwnedGroup = {
    groupId,
    createdAtMs,
    memberEpoch,
    members: new Map(flat.members.map((member) => [member.userId, member])),
    joinRequests: new Map(flat.joinRequests.map((request) => [request.userId, request])),
    files: new Map(),
    fileNames: [],
    roots: new Map(),
  };
  for (const shared of flat.files) putFile(group, shared);
  for (const userId of group.members.keys()) addTo(state.groupsOf, userId, groupId);
  for (const userId of group.joinRequests.keys()) addTo(state.waitingFor, userId, groupId);
  state.groups.set(groupId, group);
  insertName(state.groupNames, groupId);
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
    case 'member_left':
      removeMember(state, event);
      break;
    case 'file_shared':
      addFile(state, event);
      break;
    case 'sharing_stopped':
      removeFile(state, event);
      break;
  }
}

type EventOf<K extends TrackerEvent['kind']> = Extract<TrackerEvent, { readonly kind: K }>;

function createUser(state: OwnedState, event: EventOf<'user_created'>): void {
  const { userId, passwordHash, atMs } = event;
  require(!state.users.has(userId), event, 'the user exists');
  state.users.set(userId, { userId, passwordHash, createdAtMs: atMs });
}

function replacePassword(state: OwnedState, event: EventOf<'password_rehashed'>): void {
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
    memberEpoch: 1,
    members: [{ userId, role: 'admin', sinceMs: atMs }],
    joinRequests: [],
    files: [],
  });
}

function deleteGroup(state: OwnedState, event: EventOf<'group_deleted'>): void {
  const group = groupOf(state, event);
  require(group.members.size === 0, event, 'the group has members');
  for (const userId of group.joinRequests.keys()) removeFrom(state.waitingFor, userId, event.groupId);
  state.groups.delete(event.groupId);
  removeName(state.groupNames, event.groupId);
}

function addJoinRequest(state: OwnedState, event: EventOf<'join_requested'>): void {
  const { groupId, userId, atMs } = event;
  const group = groupOf(state, event);
  require(state.users.has(userId), event, 'there is no such user');
  require(!group.members.has(userId), event, 'the user is a member');
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
  group.members.set(userId, { userId, role: 'member', sinceMs: atMs });
  group.memberEpoch += 1;
  addTo(state.groupsOf, userId, groupId);
}

function removeMember(state: OwnedState, event: EventOf<'member_left'>): void {
  const group = groupOf(state, event);
  require(group.members.delete(event.userId), event, 'the user is not a member');
  group.memberEpoch += 1;
  removeFrom(state.groupsOf, event.userId, event.groupId);
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
  insertName(group.fileNames, name);
  const key = toHex(root);
  group.roots.set(key, (group.roots.get(key) ?? 0) + 1);
}

function removeFile(state: OwnedState, event: EventOf<'sharing_stopped'>): void {
  const group = groupOf(state, event);
  const shared = group.files.get(event.name);
  require(shared !== undefined, event, 'the group has no file of that name');
  group.files.delete(event.name);
  removeName(group.fileNames, event.name);
  const key = toHex(shared.file.root);
  const left = (group.roots.get(key) ?? 1) - 1;
  if (left === 0) group.roots.delete(key);
  else group.roots.set(key, left);
}

/** For a change of the group: whoever asks is about to make it. */
function groupOf(state: OwnedState, event: TrackerEvent & { readonly groupId: string }): OwnedGroup {
  const group = state.groups.get(event.groupId);
  require(group !== undefined, event, 'there is no such group');
  for (const watcher of state.beforeChange) watcher(group);
  return group;
}

function addTo(index: Map<string, Set<string>>, userId: string, groupId: string): void {
  const groups = index.get(userId);
  if (groups === undefined) index.set(userId, new Set([groupId]));
  else groups.add(groupId);
}

function removeFrom(index: Map<string, Set<string>>, userId: string, groupId: string): void {
  const groups = index.get(userId);
  groups?.delete(groupId);
  if (groups?.size === 0) index.delete(userId);
}

function require(condition: boolean, event: TrackerEvent, why: string): asserts condition {
  if (!condition) throw new TypeError(`Cannot apply ${event.kind}: ${why}`);
}
