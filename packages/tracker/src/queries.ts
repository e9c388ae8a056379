/**
 * What the state answers to readers. Every function is a pure view; who may ask is checked here too, because an answer
 * is all that an outsider could gain.
 */
import { devicesOutside } from './commands/grants.ts';
import { requireAdmin, requireFile, requireGroup, requireMember } from './guards.ts';
import { toHex } from './hex.ts';
import { MESSAGE_LIMITS } from './message-limits.ts';
import type { Role } from './messages.ts';
import type { Group, Invitation, JoinRequest, Member, SharedFile, TrackerState } from './model.ts';
import type { NameList } from './sorted-names.ts';

/** What a user is to a group. */
export type Standing = 'none' | 'requested' | Role;

export interface GroupSummary {
  readonly groupId: string;
  readonly members: number;
  readonly files: number;
  readonly standing: Standing;
}

/** A page of a list; `next` is what to ask for after it, or `''` when there is no more. */
export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string;
}

/** A group's waiting request, and what those need who sign the proofs for it. */
export interface WaitingRequest extends JoinRequest {
  readonly groupId: string;
  /** The user's devices that nothing lets in. */
  readonly deviceIds: readonly Uint8Array[];
  readonly memberEpoch: number;
}

/** A member with the devices that are let in. */
export interface MemberWithDevices extends Member {
  readonly deviceIds: readonly Uint8Array[];
}

/** How many bytes of an answer the items of a page may take; at least one comes all the same. */
export interface PageBytes {
  readonly maxBytes: number;
}

/** The groups that the user is a member of, in no order that means anything. */
export function membershipsOf(
  state: TrackerState,
  userId: string,
): readonly { groupId: string; role: Role }[] {
  return [...(state.groupsOf.get(userId) ?? [])].map((groupId) => {
    const { role } = requireMember(requireGroup(state, groupId), userId);
    return { groupId, role };
  });
}

/** One page of all groups by name. */
export function groupPage(state: TrackerState, ask: { userId: string; after: string }): Page<GroupSummary> {
  const names = state.groupNames.after(ask.after, MESSAGE_LIMITS.groupsPerPage);
  const items = names.map((groupId) => summarise(requireGroup(state, groupId), ask.userId));
  return { items, next: nextAfter(state.groupNames, names) };
}

/** One page of a group's files by name; for members. It ends early when `maxBytes` of an answer are used up. */
export function filePage(
  state: TrackerState,
  ask: { groupId: string; userId: string; after: string } & PageBytes,
): Page<SharedFile> & { readonly sharers: readonly Uint8Array[] } {
  const group = requireGroup(state, ask.groupId);
  requireMember(group, ask.userId);
  const candidates = group.fileNames.after(ask.after, MESSAGE_LIMITS.filesPerPage);
  const sharers = new Map<string, Uint8Array>();
  const items = upTo(
    ask.maxBytes,
    candidates.map((name) => requireFile(group, name)),
    (shared) => bytesOfFile(shared, sharers),
  );
  const named = new Set(items.flatMap(({ sharer }) => (sharer === undefined ? [] : [toHex(sharer)])));
  return {
    items,
    next: nextAfter(group.fileNames, candidates.slice(0, items.length)),
    sharers: [...sharers].filter(([key]) => named.has(key)).map(([, proof]) => proof),
  };
}

/** One page of a group's members by user id; for members. */
export function memberPage(
  state: TrackerState,
  ask: { groupId: string; userId: string; after: string } & PageBytes,
): Page<MemberWithDevices> & { readonly memberEpoch: number } {
  const group = requireGroup(state, ask.groupId);
  requireMember(group, ask.userId);
  const later = [...group.members.values()].filter(({ userId }) => userId > ask.after).sort(byUserId);
  const grants = Map.groupBy(group.grants.values(), ({ userId }) => userId);
  const candidates = later.slice(0, MESSAGE_LIMITS.membersPerPage).map((member) => {
    const deviceIds = grants.get(member.userId)?.map(({ deviceId }) => deviceId) ?? [];
    return { ...member, deviceIds };
  });
  const items = upTo(ask.maxBytes, candidates, bytesOfDevices);
  const next = items.length < later.length ? (items.at(-1)?.userId ?? '') : '';
  return { items, next, memberEpoch: group.memberEpoch };
}

/** The invitations of a group that can still be used at that time; for admins. */
export function openInvitations(
  state: TrackerState,
  ask: { groupId: string; userId: string; nowMs: number },
): readonly Invitation[] {
  const { invitations } = administered(state, ask);
  return [...invitations.values()]
    .filter(({ expiresAtMs }) => expiresAtMs > ask.nowMs)
    .slice(0, MESSAGE_LIMITS.invitationsPerGroup);
}

/**
 * One page of the requests that wait for an admin, by group and user: those of one group, or with `''` those of all groups
 * that the user administers, and the user's own for further devices. `after` is a group and a user, joined by a slash.
 */
export function requestPage(
  state: TrackerState,
  ask: { groupId: string; userId: string; after: string; nowMs: number } & PageBytes,
): Page<WaitingRequest> {
  const groups = ask.groupId === '' ? decidedBy(state, ask.userId) : [administered(state, ask)];
  const [afterGroup = '', afterUser = ''] = ask.after.split('/');
  const most = MESSAGE_LIMITS.requestsPerPage;
  const found: (readonly [Group, string])[] = [];
  for (const group of groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))) {
    if (group.groupId < afterGroup) continue;
    const later = requestersAfter(group, group.groupId === afterGroup ? afterUser : '');
    const isAdmin = group.members.get(ask.userId)?.role === 'admin';
    const shown = isAdmin ? later : later.filter((userId) => userId === ask.userId);
    found.push(...shown.map((userId) => [group, userId] as const));
    if (found.length > most) break;
  }
  const candidates = found
    .slice(0, most)
    .flatMap(([group, userId]) => waitingRequest(state, group, userId, ask.nowMs) ?? []);
  const items = upTo(ask.maxBytes, candidates, bytesOfDevices);
  const last = found.length > items.length ? items.at(-1) : undefined;
  return { items, next: last === undefined ? '' : `${last.groupId}/${last.userId}` };
}

/** The user's request, if it waits. */
export function waitingRequest(
  state: TrackerState,
  group: Group,
  userId: string,
  nowMs: number,
): WaitingRequest | undefined {
  const request = group.joinRequests.get(userId);
  if (request === undefined) return undefined;
  const { groupId, memberEpoch } = group;
  return { ...request, groupId, deviceIds: devicesOutside(state, group, userId, nowMs), memberEpoch };
}

/** The groups of which the user is an admin. */
export function administeredBy(state: TrackerState, userId: string): readonly Group[] {
  return membershipsOf(state, userId)
    .filter((membership) => membership.role === 'admin')
    .map((membership) => requireGroup(state, membership.groupId));
}

/** The groups of whose requests the user decides at least their own. */
function decidedBy(state: TrackerState, userId: string): readonly Group[] {
  const own = [...(state.groupsOf.get(userId) ?? [])]
    .map((groupId) => requireGroup(state, groupId))
    .filter(({ joinRequests }) => joinRequests.has(userId));
  return [...new Set([...administeredBy(state, userId), ...own])];
}

function requestersAfter({ joinRequests }: Group, after: string): string[] {
  return [...joinRequests.keys()].filter((userId) => userId > after).sort();
}

function byUserId(a: { readonly userId: string }, b: { readonly userId: string }): number {
  return a.userId < b.userId ? -1 : 1;
}

/** As many of `candidates` as that many bytes hold, and at least one. */
function upTo<T>(maxBytes: number, candidates: readonly T[], bytesOf: (item: T) => number): readonly T[] {
  let bytes = 0;
  const over = candidates.findIndex((item, at) => {
    bytes += bytesOf(item);
    return bytes > maxBytes && at > 0;
  });
  return over < 0 ? candidates : candidates.slice(0, over);
}

function administered(state: TrackerState, ask: { groupId: string; userId: string }): Group {
  const group = requireGroup(state, ask.groupId);
  requireAdmin(group, ask.userId);
  return group;
}

function summarise(group: Group, userId: string): GroupSummary {
  const { groupId, members, files } = group;
  return { groupId, members: members.size, files: files.size, standing: standingIn(group, userId) };
}

function standingIn(group: Group, userId: string): Standing {
  return group.members.get(userId)?.role ?? (group.joinRequests.has(userId) ? 'requested' : 'none');
}

/** The last name of a page, unless it is the last of all. */
function nextAfter(all: NameList, page: readonly string[]): string {
  const last = page.at(-1);
  return last === undefined || last === all.last ? '' : last;
}

/** A character is at most three bytes of UTF-8 for each of its UTF-16 units; the rest of a summary is fixed. */
function bytesOfFile(
  { file, sharedBy, signature, sharer }: SharedFile,
  sharers: Map<string, Uint8Array>,
): number {
  const bytes = 3 * (file.name.length + sharedBy.length) + (signature === undefined ? 96 : 196);
  if (sharer === undefined) return bytes;
  const key = toHex(sharer);
  if (sharers.has(key)) return bytes;
  sharers.set(key, sharer);
  return bytes + sharer.length + 3;
}

function bytesOfDevices(item: {
  readonly groupId?: string;
  readonly userId: string;
  readonly deviceIds: readonly Uint8Array[];
}): number {
  return 3 * (item.userId.length + (item.groupId?.length ?? 0)) + 33 * item.deviceIds.length + 32;
}
