/**
 * What follows from events that are now acknowledged: who is told, and whose presence ends.
 *
 * It hangs on the events and not on the calls that cause them, so that it is the same whoever decided them, and wherever.
 */
import type { TrackerEvent } from '../events.ts';
import { toHex } from '../hex.ts';
import type { TrackerState } from '../model.ts';
import type { Presence } from '../presence.ts';
import type { Callbacks, Standing } from './callbacks.ts';
import { type DeviceParts, endDevice } from './device-handlers.ts';
import type { JoinDesk } from './join-desk.ts';

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
  const tell = (standing: Standing, { userId, groupId }: { userId: string; groupId: string }): void =>
    callbacks.membershipChanged(userId, { groupId, standing, index });
  switch (event.kind) {
    case 'join_accepted':
      joinDesk.settled(event.groupId, event.userId);
      tell('member', event);
      break;
    case 'join_refused':
      joinDesk.settled(event.groupId, event.userId);
      tell('refused', event);
      break;
    case 'join_requested':
      joinDesk.requested(event.groupId, event.userId);
      break;
    case 'join_withdrawn':
      joinDesk.settled(event.groupId, event.userId);
      break;
    case 'member_left':
      presence.removeMember(event.groupId, event.userId);
      tell('removed', event);
      break;
    case 'device_revoked':
      endDevice(parts, event);
      break;
    case 'sharing_stopped':
      forgetFile(presence, event, state);
      break;
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
