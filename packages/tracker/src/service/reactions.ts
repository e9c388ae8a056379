/**
 * What follows from events that are now acknowledged: who is told, and whose presence ends.
 *
 * It hangs on the events and not on the calls that cause them, so that it is the same whoever decided them, and wherever.
 */

import { deviceKey } from '../device-key.ts';
import type { TrackerEvent } from '../events.ts';
import { toHex } from '../hex.ts';
import type { Role } from '../messages.ts';
import type { TrackerState } from '../model.ts';
import type { Presence } from '../presence.ts';
import type { Callbacks, Standing } from './callbacks.ts';
import { type DeviceParts, endDevice } from './device-handlers.ts';
import type { JoinDesk } from './join-desk.ts';

interface InGroup {
  readonly groupId: string;
  readonly userId: string;
}

export interface ReactionParts extends DeviceParts {
  readonly presence: Presence;
  readonly callbacks: Callbacks;
  readonly joinDesk: JoinDesk;
}

/** Does what follows from an event of entry `index`; `state` may already be ahead of it. */
export function react(
  parts: ReactionParts,
  { event, index }: { readonly event: TrackerEvent; readonly index: number },
  state: TrackerState,
): void {
  const { presence, callbacks, joinDesk } = parts;
  const tell = (standing: Standing, { userId, groupId }: InGroup): void =>
    callbacks.membershipChanged(userId, { groupId, standing, index });
  switch (event.kind) {
    case 'join_accepted':
      joinDesk.settled(event.groupId, event.userId);
      tell(roleOf(state, event) ?? 'member', event);
      break;
    case 'join_refused':
      joinDesk.settled(event.groupId, event.userId);
      // A member asked for a further device, and is a member still.
      if (roleOf(state, event) === undefined) tell('refused', event);
      break;
    case 'join_requested':
      joinDesk.requested(event.groupId, event.userId);
      break;
    case 'join_withdrawn':
      joinDesk.settled(event.groupId, event.userId);
      break;
    case 'member_left':
    case 'member_removed':
      presence.removeMember(event.groupId, event.userId);
      joinDesk.settled(event.groupId, event.userId);
      tellRevoked(callbacks, state, event);
      tell('removed', event);
      break;
    case 'role_changed':
      tellRevoked(callbacks, state, event);
      tell(event.role, event);
      break;
    case 'device_revoked':
      endDevice(parts, event);
      for (const groupId of state.groupsOf.get(event.userId) ?? [])
        tellRevoked(callbacks, state, { groupId, userId: event.userId });
      break;
    case 'sharing_stopped':
      forgetFile(presence, event, state);
      break;
  }
}

function roleOf(state: TrackerState, { groupId, userId }: InGroup): Role | undefined {
  return state.groups.get(groupId)?.members.get(userId)?.role;
}

/**
 * Tells all members who are online which of the user's devices were removed from the group, by their epochs. That is more
 * than this one event did, because the state may be ahead; to hear of a removal twice changes nothing.
 */
function tellRevoked(callbacks: Callbacks, state: TrackerState, { groupId, userId }: InGroup): void {
  const group = state.groups.get(groupId);
  if (group === undefined) return;
  const devices = [...(state.users.get(userId)?.devices.values() ?? [])].map(({ deviceId }) => deviceId);
  const epochs = Map.groupBy(devices, (deviceId) => group.revoked.get(deviceKey(userId, deviceId)));
  for (const [memberEpoch, deviceIds] of epochs) {
    if (memberEpoch === undefined) continue;
    callbacks.devicesRevoked(group.members.keys(), { groupId, memberEpoch, userId, deviceIds });
  }
}

/** The same content may be shared under another name. */
function forgetFile(
  presence: Presence,
  event: Extract<TrackerEvent, { kind: 'sharing_stopped' }>,
  state: TrackerState,
): void {
  const root = toHex(event.root);
  const { groupId } = event;
  if (state.groups.get(groupId)?.roots.has(root) !== true) presence.removeFile({ groupId, root });
}
