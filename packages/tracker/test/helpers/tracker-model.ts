/** The rules of users, groups and files once more, as plainly as they can be said: what the state is compared with. */
import type { Action } from './actions.ts';
import { SMALL_LIMITS as LIMITS } from './actions.ts';

interface ModelGroup {
  /** True for admins. */
  readonly members: Map<string, boolean>;
  readonly waiting: Set<string>;
  /** Name to sharer. */
  readonly files: Map<string, string>;
}

/** Groups only; all that a reader can see. */
export interface TrackerModel {
  /** To their devices, by number; true for those that are revoked. */
  readonly users: Map<string, Map<number, boolean>>;
  readonly groups: Map<string, ModelGroup>;
}

export function createModel(): TrackerModel {
  return { users: new Map(), groups: new Map() };
}

/** Changes the model as `action` does and says what a user sees: `done`, `requested` or the code of an error. */
export function step(model: TrackerModel, action: Action): string {
  if (action.kind === 'create_user') return createUser(model, action.userId);
  if ('device' in action) return changeDevice(model, action);
  if (action.kind === 'create_group') return createGroup(model, action.groupId, action.userId);
  const group = model.groups.get(action.groupId);
  if (group === undefined) return 'unknown_group';
  switch (action.kind) {
    case 'request':
      return request(model, group, action.userId);
    case 'leave':
      return leave(model, action.groupId, group, action.userId);
    case 'accept':
    case 'refuse':
      return decide(model, group, action);
    case 'share':
    case 'stop':
      return changeFile(group, action);
  }
}

function createUser(model: TrackerModel, userId: string): string {
  if (model.users.has(userId)) return 'user_exists';
  model.users.set(userId, new Map());
  return 'done';
}

function changeDevice(
  { users }: TrackerModel,
  { kind, userId, device }: Extract<Action, { kind: 'bind' | 'revoke' }>,
): string {
  const devices = users.get(userId);
  const isRevoked = devices?.get(device);
  if (kind === 'revoke') {
    if (isRevoked === undefined) return 'unknown_device';
    devices?.set(device, true);
    return 'done';
  }
  if (isRevoked !== undefined) return isRevoked ? 'device_revoked' : 'done';
  if (devices === undefined) return 'busy';
  if ([...devices.values()].filter((isOut) => !isOut).length >= LIMITS.devicesPerUser) return 'limit_reached';
  devices.set(device, false);
  return 'done';
}

function createGroup(model: TrackerModel, groupId: string, userId: string): string {
  if (model.groups.has(groupId)) return 'group_exists';
  if (groupsOf(model, userId) >= LIMITS.groupsPerUser) return 'limit_reached';
  model.groups.set(groupId, { members: new Map([[userId, true]]), waiting: new Set(), files: new Map() });
  return 'done';
}

function request(model: TrackerModel, group: ModelGroup, userId: string): string {
  if (group.members.has(userId)) return 'already_member';
  if (group.waiting.has(userId)) return 'requested';
  const waits = [...model.groups.values()].filter((other) => other.waiting.has(userId)).length;
  if (groupsOf(model, userId) >= LIMITS.groupsPerUser) return 'limit_reached';
  if (waits >= LIMITS.waitingRequestsPerUser) return 'limit_reached';
  if (group.waiting.size >= LIMITS.waitingRequestsPerGroup) return 'limit_reached';
  group.waiting.add(userId);
  return 'requested';
}

function leave(model: TrackerModel, groupId: string, group: ModelGroup, userId: string): string {
  if (group.waiting.delete(userId)) return 'done';
  if (!group.members.has(userId)) return 'not_a_member';
  const others = [...group.members].filter(([member]) => member !== userId);
  if (others.length === 0) model.groups.delete(groupId);
  else if (!others.some(([, admin]) => admin)) return 'last_admin';
  group.members.delete(userId);
  return 'done';
}

function decide(
  model: TrackerModel,
  group: ModelGroup,
  action: Extract<Action, { kind: 'accept' | 'refuse' }>,
): string {
  const { userId, by } = action;
  if (!group.members.has(by)) return 'not_a_member';
  // A member decides about further devices of their own.
  if (group.members.get(by) !== true && by !== userId) return 'not_an_admin';
  if (!group.waiting.has(userId)) return 'unknown_request';
  if (action.kind === 'accept' && groupsOf(model, userId) >= LIMITS.groupsPerUser) return 'limit_reached';
  group.waiting.delete(userId);
  if (action.kind === 'accept') group.members.set(userId, false);
  return 'done';
}

function changeFile(group: ModelGroup, action: Extract<Action, { kind: 'share' | 'stop' }>): string {
  const { name, by } = action;
  if (!group.members.has(by)) return 'not_a_member';
  const sharer = group.files.get(name);
  if (action.kind === 'share') {
    if (sharer !== undefined) return 'file_exists';
    if (group.files.size >= LIMITS.filesPerGroup) return 'limit_reached';
    group.files.set(name, by);
    return 'done';
  }
  if (sharer === undefined) return 'unknown_file';
  if (sharer !== by && group.members.get(by) !== true) return 'not_the_sharer';
  group.files.delete(name);
  return 'done';
}

function groupsOf(model: TrackerModel, userId: string): number {
  return [...model.groups.values()].filter((group) => group.members.has(userId)).length;
}
