/**
 * Which devices people were shown of each request to join, so that they let in those and no other.
 */
import type { JoinRequest } from '@minitorrent/peer';

export interface ShownRequests {
  /** In place of what was shown of it before. */
  show(request: Pick<JoinRequest, 'groupId' | 'userId' | 'deviceIds'>): void;
  /** Undefined where nothing was shown of it. */
  devicesOf(groupId: string, userId: string): readonly Uint8Array[] | undefined;
  /** It was decided: the next one by the same user is another one. */
  forget(groupId: string, userId: string): void;
}

export function createShownRequests(): ShownRequests {
  const shown = new Map<string, readonly Uint8Array[]>();
  return {
    // Copies: what a listing holds may be a view of a message.
    show: ({ groupId, userId, deviceIds }) =>
      void shown.set(
        keyOf(groupId, userId),
        deviceIds.map((deviceId) => deviceId.slice()),
      ),
    devicesOf: (groupId, userId) => shown.get(keyOf(groupId, userId)),
    forget: (groupId, userId) => void shown.delete(keyOf(groupId, userId)),
  };
}

function keyOf(groupId: string, userId: string): string {
  return JSON.stringify([groupId, userId]);
}
