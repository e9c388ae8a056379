/** The state as whoever changes it holds it, and what all changes need. */
import type { TrackerEvent } from './events.ts';
import type { JournalPosition } from './messages.ts';
import type {
  DeviceGrant,
  DoneRequest,
  Group,
  Invitation,
  JoinRequest,
  Member,
  SharedFile,
  TrackerState,
  User,
} from './model.ts';
import type { SortedNames } from './sorted-names.ts';

/** The state as its one owner holds it; everybody else sees a `TrackerState`. */
export interface OwnedState extends TrackerState {
  position: JournalPosition;
  readonly users: Map<string, User>;
  readonly groups: Map<string, OwnedGroup>;
  readonly groupNames: SortedNames;
  readonly groupsOf: Map<string, Set<string>>;
  readonly waitingFor: Map<string, Set<string>>;
  readonly doneRequests: Map<string, DoneRequest>;
  /** The keys of `doneRequests` as a ring: the entry at `index` uses the place `index % REMEMBERED_REQUESTS`. */
  readonly doneRing: string[];
}

/** A group as `state.ts` and `state-membership.ts` change it. */
export interface OwnedGroup extends Group {
  groupKey?: Uint8Array | undefined;
  memberEpoch: number;
  forgottenEpoch: number;
  readonly members: Map<string, Member>;
  readonly grants: Map<string, DeviceGrant>;
  readonly revoked: Map<string, number>;
  readonly invitations: Map<string, Invitation>;
  readonly joinRequests: Map<string, JoinRequest>;
  readonly files: Map<string, SharedFile>;
  readonly fileNames: SortedNames;
  readonly roots: Map<string, number>;
}

export type EventOf<K extends TrackerEvent['kind']> = Extract<TrackerEvent, { readonly kind: K }>;

/** For a change of the group: whoever asks is about to make it. */
export function groupOf(state: OwnedState, event: TrackerEvent & { readonly groupId: string }): OwnedGroup {
  const group = state.groups.get(event.groupId);
  require(group !== undefined, event, 'there is no such group');
  for (const watcher of state.beforeChange) watcher(group);
  return group;
}

/** Puts a group into an index by user. */
export function addTo(index: Map<string, Set<string>>, userId: string, groupId: string): void {
  const groups = index.get(userId);
  if (groups === undefined) index.set(userId, new Set([groupId]));
  else groups.add(groupId);
}

/** And out of it; a user without groups is not in it. */
export function removeFrom(index: Map<string, Set<string>>, userId: string, groupId: string): void {
  const groups = index.get(userId);
  groups?.delete(groupId);
  if (groups?.size === 0) index.delete(userId);
}

/** Throws a TypeError for an event that cannot follow from the state. */
export function require(condition: boolean, event: TrackerEvent, why: string): asserts condition {
  if (!condition) throw new TypeError(`Cannot apply ${event.kind}: ${why}`);
}
