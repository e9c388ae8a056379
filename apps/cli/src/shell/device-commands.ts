/**
 * Commands for the devices on which the user has logged in.
 */
import { formatDeviceId, isSameDevice, parseDeviceId } from '@minitorrent/rpc-core/identity';
import { CliError } from '../cli-error.ts';
import { defineCommand, type ShellCommand } from './command.ts';
import { findById, isWholeId } from './find-by-id.ts';

const deviceList: ShellCommand = defineCommand({
  name: 'device list',
  aliases: ['device_list'],
  summary: 'List your devices; this one among them',
  async run({ peer, signal }) {
    const { items, mayBeStale } = await peer.listDevices({ signal });
    return {
      command: 'device_list',
      devices: items.map(({ deviceId, name, boundAtMs, isOnline, isRevoked }) => ({
        ...{ deviceId: formatDeviceId(deviceId), name, boundAtMs, isOnline, isRevoked },
        isThis: isSameDevice(deviceId, peer.deviceId),
      })),
      mayBeStale,
    };
  },
});

const deviceRevoke: ShellCommand = defineCommand({
  name: 'device revoke',
  aliases: ['device_revoke'],
  summary: 'Shut a device of yours out, at once and for ever, and out of all groups',
  parameters: [{ name: 'id', kind: 'device', summary: 'its id, or the beginning of it' }],
  async run({ peer, signal }, { id }) {
    const { items } = await peer.listDevices({ signal });
    const inUse = items.filter(({ isRevoked }) => !isRevoked).map((device) => device.deviceId);
    const deviceId = isWholeId(id) ? parseDeviceId(id) : findById(id, inUse);
    if (inUse.every((device) => isSameDevice(device, deviceId)) && inUse.length > 0)
      throw new CliError('only_device', `Cannot revoke ${formatDeviceId(deviceId)}: it is your only device`);
    await peer.revokeDevice(deviceId, { signal });
    return { command: 'device_revoke', deviceId: formatDeviceId(deviceId) };
  },
});

export const deviceCommands: readonly ShellCommand[] = [deviceList, deviceRevoke];
