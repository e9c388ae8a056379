/** Serves `list_devices` and `revoke_device`, and ends what a revoked device does here. */
import { type Handlers, RpcError } from '@minitorrent/rpc-core';
import type { trackerContract } from '../contract.ts';
import { deviceIdOf, deviceKey } from '../device-key.ts';
import { toHex } from '../hex.ts';
import type { TrackerState } from '../model.ts';
import type { Presence } from '../presence.ts';
import type { ServiceParts } from './parts.ts';
import { readMarked } from './read-marked.ts';
import type { Session, Sessions } from './sessions.ts';

type DeviceHandlers = Pick<Handlers<typeof trackerContract>, 'list_devices' | 'revoke_device'>;

export function createDeviceHandlers(parts: ServiceParts): DeviceHandlers {
  const { authority, sessions, clock } = parts;
  return {
    list_devices: async (_, { connection }) => {
      const { userId } = sessions.require(connection);
      const { answer: devices, mayBeStale } = await readMarked(parts, (state) => [
        ...(state.users.get(userId)?.devices.values() ?? []),
      ]);
      const online = new Set(sessions.ofUser(userId).map(({ device }) => device));
      const [revoked, inUse] = [true, false].map((wanted) =>
        devices.filter((one) => one.isRevoked === wanted),
      );
      return {
        devices: [...(inUse ?? []), ...(revoked ?? [])].map((device) => ({
          ...device,
          isOnline: online.has(deviceKey(userId, device.deviceId)),
        })),
        mayBeStale,
      };
    },

    revoke_device: async ({ requestId, deviceId }, { connection, signal }) => {
      const session = sessions.require(connection);
      const { userId, device } = session;
      const isOwn = device === deviceKey(userId, deviceId);
      // Here the event may come before the answer of the tracker that decided, and would cut off ours.
      if (isOwn) sessions.lasting.add(session);
      try {
        const revoke = { kind: 'revoke_device', userId, byDevice: deviceIdOf(device), deviceId } as const;
        await authority.execute(revoke, { requestId, signal });
      } finally {
        sessions.lasting.delete(session);
      }
      if (isOwn) {
        sessions.end(connection);
        clock.schedule(0, () => connection.abort(revoked()));
      }
      return {};
    },
  };
}

export interface DeviceParts {
  readonly presence: Presence;
  readonly sessions: Sessions;
}

/** Ends the device's sessions and presence at this tracker: what follows from `device_revoked`. */
export function endDevice(
  { presence, sessions }: DeviceParts,
  { userId, deviceId }: { readonly userId: string; readonly deviceId: Uint8Array },
): void {
  const device = deviceKey(userId, deviceId);
  presence.removeDevice(device);
  for (const session of sessions.endDevice(userId, device)) {
    if (!sessions.lasting.has(session)) session.connection.abort(revoked());
  }
}

/** The same for all devices that are revoked by now: where a snapshot took the place of the events. */
export function endRevoked(parts: DeviceParts, state: TrackerState): void {
  for (const session of [...parts.sessions.all()]) {
    if (isRevoked(session, state)) endDevice(parts, { ...session, deviceId: deviceIdOf(session.device) });
  }
}

function isRevoked({ userId, device }: Session, state: TrackerState): boolean {
  return state.users.get(userId)?.devices.get(toHex(deviceIdOf(device)))?.isRevoked === true;
}

function revoked(): RpcError {
  return new RpcError('device_revoked', 'This device was revoked by its user');
}
