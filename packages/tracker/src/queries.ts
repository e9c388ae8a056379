/**
 * What the state answers to readers. Every function is a pure view; who may ask is checked here too, because an answer
 * is all that an outsider could gain.
 */
import { requireAdmin, requireFile, requireGroup, requireMember } from './guards.ts';
import { MESSAGE_LIMITS } from './message-limits.ts';
import type { Role } from './messages.ts';
import type { Group, JoinRequest, SharedFile, TrackerState } from './model.ts';
import { namesAfter } from './sorted-names.ts';

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

/** A group's waiting request. */
export interface WaitingRequest extends JoinRequest {
  readonly groupId: string;
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
  const names = namesAfter(state.groupNames, ask.after, MESSAGE_LIMITS.groupsPerPage);
  const items = names.map((groupId) => summarise(requireGroup(state, groupId), ask.userId));
  return { items, next: nextAfter(state.groupNames, names) };
}

/** One page of a group's files by name; for members. It ends early when `maxBytes` of an answer are used up. */
export function filePage(
  state: TrackerState,
  ask: { groupId: string; userId: string; after: string; maxBytes: number },
): Page<SharedFile> {
  const group = requireGroup(state, ask.groupId);
  requireMember(group, ask.userId);
  const candidates = namesAfter(group.fileNames, ask.after, MESSAGE_LIMITS.filesPerPage);
  const items: SharedFile[] = [];
  let bytes = 0;
  for (const name of candidates) {
    const shared = requireFile(group, name);
    bytes += wireBytesAtMost(shared);
    if (bytes > ask.maxBytes && items.length > 0) break;
    items.push(shared);
  }
  return { items, next: nextAfter(group.fileNames, candidates.slice(0, items.length)) };
}

/**
 * One page of the requests that wait for an admin, by group and user: those of one group, or with `''` those of all groups
 * that the user administers. `after` is a group and a user, joined by a slash.
 */
export function requestPage(
  state: TrackerState,
  ask: { groupId: string; userId: string; after: string },
): Page<WaitingRequest> {
  const groups = ask.groupId === '' ? administeredBy(state, ask.userId) : [administered(state, ask)];
  const [afterGroup = '', afterUser = ''] = ask.after.split('/');
  const found: WaitingRequest[] = [];
  for (const group of groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))) {
    if (group.groupId < afterGroup) continue;
    found.push(...requestsAfter(group, group.groupId === afterGroup ? afterUser : ''));
    if (found.length > MESSAGE_LIMITS.requestsPerPage) break;
  }
  const items = found.slice(0, MESSAGE_LIMITS.requestsPerPage);
  const last = found.length > items.length ? items.at(-1) : undefined;
  return { items, next: last === undefined ? '' : `${last.groupId}/${last.userId}` };
}

/** The groups of which the user is an admin. */
export function administeredBy(state: TrackerState, userId: string): readonly Group[] {
  return membershipsOf(state, userId)
    .filter((membership) => membership.role === 'admin')
    .map((membership) => requireGroup(state, membership.groupId));
}

function requestsAfter({ groupId, joinRequests }: Group, after: string): WaitingRequest[] {
  return [...joinRequests.values()]
    .filter(({ userId }) => userId > after)
    .sort((a, b) => (a.userId < b.userId ? -1 : 1))
    .map((request) => ({ groupId, ...request }));
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
function nextAfter(all: readonly string[], page: readonly string[]): string {
  const last = page.at(-1);
  return last === undefined || last === all.at(-1) ? '' : last;
}

/** A character is at most three bytes of UTF-8 for each of its UTF-16 units; the rest of a summary is fixed. */
function wireBytesAtMost(shared: SharedFile): number {
  return 3 * (shared.file.name.length + shared.sharedBy.length) + 96;
}
