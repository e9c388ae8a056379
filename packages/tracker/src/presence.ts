/**
 * Who has which files, in memory: devices announce what they hold, and are forgotten when they do not announce again.
 *
 * What affects what is answered:
 * - an announce says what changed; what a device said before stays until it says `gone`, or is forgotten as a whole;
 * - any announce keeps all of the device alive for `presenceTtlMs`; a lost connection leaves `lostConnectionTtlMs`;
 * - who leaves a group, logs out, or loses a file's listing is taken out at once.
 * Nothing here is ever written down, and nothing here checks who may announce what: `service/presence-handlers.ts` does.
 */
import type { Random } from '@minitorrent/rpc-core';
import { deviceIdOf, userIdOf } from './device-key.ts';
import { drawLots } from './draw-lots.ts';
import { TrackerError } from './errors.ts';
import { type Expiring, ExpiryQueue } from './expiry-queue.ts';
import type { TrackerLimits } from './limits.ts';
import type { Holding, PeerAddress } from './messages.ts';
import { type Holder, type Share, type SwarmName, SwarmTable } from './swarm-table.ts';

export type PresenceLimits = Pick<
  TrackerLimits,
  'devices' | 'filesPerDevice' | 'lostConnectionTtlMs' | 'presenceTtlMs'
>;

/** Where a device can be reached; `key` is its `deviceKey`. */
export interface DeviceAddress {
  readonly key: string;
  readonly host: string;
  readonly port: number;
}

/** What a device holds of a file. */
export interface Announcement extends SwarmName {
  readonly holding: Holding;
}

interface Device extends Expiring<Device>, Holder<Device> {
  readonly key: string;
  host: string;
  port: number;
  isLost: boolean;
}

export class Presence {
  readonly #limits: PresenceLimits;
  readonly #devices = new Map<string, Device>();
  readonly #table = new SwarmTable<Device>();
  readonly #live = new ExpiryQueue<Device>();
  readonly #lost = new ExpiryQueue<Device>();

  constructor(limits: PresenceLimits) {
    this.#limits = limits;
  }

  /** Devices, swarms, and pairs of a device and a file. */
  get size(): { readonly devices: number; readonly swarms: number; readonly shares: number } {
    return { devices: this.#devices.size, ...this.#table.size };
  }

  /** Takes in what a device says it holds now. Fails with `busy` or `limit_reached`; what came before that holds. */
  announce(address: DeviceAddress, announcements: readonly Announcement[], nowMs: number): void {
    const device = this.#devices.get(address.key) ?? this.#addDevice(address.key);
    device.host = address.host;
    device.port = address.port;
    this.#queueOf(device).remove(device);
    device.isLost = false;
    this.#live.push(device, nowMs + this.#limits.presenceTtlMs);
    for (const announcement of announcements) this.#take(device, announcement);
  }

  /** The device does not serve these files any more; nothing else of it changes. */
  withdraw(key: string, names: readonly SwarmName[]): void {
    const device = this.#devices.get(key);
    if (device === undefined) return;
    for (const name of names) this.#removeShare(device, name);
  }

  /** The device's last connection is lost: it may come back within a while. */
  connectionLost(key: string, nowMs: number): void {
    const device = this.#devices.get(key);
    const deadlineMs = nowMs + this.#limits.lostConnectionTtlMs;
    if (device === undefined || device.isLost || device.deadlineMs <= deadlineMs) return;
    this.#live.remove(device);
    device.isLost = true;
    this.#lost.push(device, deadlineMs);
  }

  removeDevice(key: string): void {
    const device = this.#devices.get(key);
    if (device === undefined) return;
    this.#queueOf(device).remove(device);
    this.#forget(device);
  }

  /** All that the user's devices hold in the group. */
  removeMember(groupId: string, userId: string): void {
    for (const swarm of this.#table.swarmsOf(groupId)) {
      this.#removeAll(swarm.shares.filter((share) => userIdOf(share.device.key) === userId));
    }
  }

  /** All that anybody holds of the file, because it is no longer listed. */
  removeFile(name: SwarmName): void {
    this.#removeAll([...(this.#table.swarm(name)?.shares ?? [])]);
  }

  /** Forgets every device whose time is over. */
  expire(nowMs: number): void {
    for (const queue of [this.#live, this.#lost]) {
      for (let device = queue.takeExpired(nowMs); device !== undefined; device = queue.takeExpired(nowMs)) {
        this.#forget(device);
      }
    }
  }

  /** At most `most` devices that hold the file, drawn by lot when there are more; not the device `except`. */
  peersOf(
    name: SwarmName,
    draw: { readonly except: string; readonly most: number; readonly random: Random },
  ): PeerAddress[] {
    const shares = this.#table.swarm(name)?.shares ?? [];
    // One more than wanted, in case the excepted one is drawn.
    return drawLots(shares.length, draw.most + 1, draw.random)
      .flatMap((place) => shares[place] ?? [])
      .filter((share) => share.device.key !== draw.except)
      .slice(0, draw.most)
      .map(toPeerAddress);
  }

  /** Devices with the whole file, and devices with a part of it. */
  countOf(name: SwarmName): { readonly seeders: number; readonly leechers: number } {
    const swarm = this.#table.swarm(name);
    if (swarm === undefined) return { seeders: 0, leechers: 0 };
    return { seeders: swarm.seeders, leechers: swarm.shares.length - swarm.seeders };
  }

  #addDevice(key: string): Device {
    if (this.#devices.size >= this.#limits.devices) {
      throw new TrackerError(
        'busy',
        `The tracker knows ${this.#devices.size} devices, which is the most; try later`,
      );
    }
    const times = { deadlineMs: 0, earlier: undefined, later: undefined, isLost: false };
    const device: Device = { key, host: '', port: 0, ...times, firstShare: undefined, shareCount: 0 };
    this.#devices.set(key, device);
    this.#live.push(device, 0);
    return device;
  }

  #queueOf(device: Device): ExpiryQueue<Device> {
    return device.isLost ? this.#lost : this.#live;
  }

  #take(device: Device, { groupId, root, holding }: Announcement): void {
    const name = { groupId, root };
    const share = this.#table.swarm(name)?.byDevice.get(device);
    if (holding === 'gone') this.#removeShare(device, name);
    else if (share !== undefined) this.#table.setComplete(share, holding === 'complete');
    else this.#addShare(device, name, holding);
  }

  #addShare(device: Device, name: SwarmName, holding: Holding): void {
    if (device.shareCount >= this.#limits.filesPerDevice) {
      const message = `This device offers ${device.shareCount} files, which is the most; stop sharing one first`;
      throw new TrackerError('limit_reached', message);
    }
    this.#table.add(device, name, holding === 'complete');
  }

  #removeShare(device: Device, name: SwarmName): void {
    const share = this.#table.swarm(name)?.byDevice.get(device);
    if (share !== undefined) this.#table.remove(share);
  }

  /** A device that is in no queue any more. */
  #forget(device: Device): void {
    this.#devices.delete(device.key);
    while (device.firstShare !== undefined) this.#table.remove(device.firstShare);
  }

  #removeAll(shares: readonly Share<Device>[]): void {
    for (const share of shares) this.#table.remove(share);
  }
}

function toPeerAddress({ device, isComplete }: Share<Device>): PeerAddress {
  const { key, host, port } = device;
  const holding = isComplete ? 'complete' : 'partial';
  return { userId: userIdOf(key), deviceId: deviceIdOf(key), host, port, holding };
}
