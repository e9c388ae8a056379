/** Whether who answers at an address is who the caller wants. */
import type { Address, Channel, ChannelInfo } from './channel.ts';
import { formatDeviceId, isSameDevice } from './device-id.ts';
import { RpcError } from './errors.ts';

/** Throws `wrong_identity` unless `actual`, the device that answers at `address`, is the expected one, where one is. */
export function requireIdentity(
  address: Address,
  actual: Uint8Array | undefined,
  expected: Uint8Array | undefined,
): void {
  if (expected === undefined || (actual !== undefined && isSameDevice(actual, expected))) return;
  const found = actual === undefined ? 'nobody there can prove who it is' : `it is ${formatDeviceId(actual)}`;
  throw new RpcError(
    'wrong_identity',
    `Cannot connect to ${nameOf(address)}: ${found}, expected ${formatDeviceId(expected)}`,
  );
}

/** A channel whose other side is the device expected, if any is; another one is destroyed, with `wrong_identity`. */
export function expectedOrDestroyed(channel: Channel, expected: Uint8Array | undefined): Channel {
  try {
    requireIdentity(channel.info.remote, channel.info.remoteIdentity, expected);
    return channel;
  } catch (error) {
    channel.destroy();
    throw error;
  }
}

/** What one side of a channel is told of the other, whose identity is known or not. */
export function channelInfo(remote: Address, identity: Uint8Array | undefined): ChannelInfo {
  return identity === undefined ? { remote } : { remote, remoteIdentity: identity };
}

/** An address as people write it. */
export function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
