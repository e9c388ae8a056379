/**
 * Who has which files, in memory: devices announce what they hold, and are forgotten when they do not announce again.
 *
 * What affects what is answered:
 * - an announce says what changed; what a device said before stays until it says `gone`, or is forgotten as a whole;
 * - any announce keeps all of the device alive for `presenceTtlMs`; a lost connection leaves `lostConnectionTtlMs`;
 * - who leaves a group, logs out, or loses a file's listing is taken out at once.
 * Nothing here is ever written down, and nothing here checks who may announce what: `service/announce-handler.ts` does.
 */
import type { Random } from '@minitorrent/rpc-core';
import { deviceIdOf, userIdOf } from './device-key.ts';
import { drawLots } from './draw-lots.ts';
import { TrackerError } from './errors.ts';
import type { TrackerLimits } from './limits.ts';
import type { EncodedPeers, Holding, PeerAddress } from './messages.ts';
import { AddressBook } from './presence/address-book.ts';
import { EXPIRY_FIELDS, ExpiryQueue } from './presence/expiry-queue.ts';
import { createKeyedHash, type KeyedHash } from './presence/keyed-hash.ts';
import { OutgoingBytes } from './presence/outgoing-bytes.ts';
import { RowIndex } from './presence/row-index.ts';
import { NO_ROW, Rows } from './presence/rows.ts';
import { HOLDER_FIELDS, type SwarmName, SwarmTable } from './presence/swarm-table.ts';

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

/** Whom to name of those who hold a file. */
export interface Draw {
  /** The key of a device that is not to be named. */
  readonly except: string;
  readonly most: number;
  readonly random: Random;
}

/** The fields of a device. */
const ADDRESS = 0;
const KEY_HASH = 1;
const CHAIN = 2;
const IS_LOST = 3;
const EXPIRY = 4;
const HOLDER = EXPIRY + EXPIRY_FIELDS;
const DEVICE_FIELDS = HOLDER + HOLDER_FIELDS;

export class Presence {
  readonly #limits: PresenceLimits;
  readonly #devices = new Rows(DEVICE_FIELDS);
  readonly #byKey = new RowIndex({
    rows: this.#devices,
    from: CHAIN,
    hashOf: (device) => this.#devices.get(device, KEY_HASH),
  });
  readonly #hash: KeyedHash;
  readonly #addresses = new AddressBook();
  readonly #table: SwarmTable;
  readonly #live = new ExpiryQueue({ rows: this.#devices, from: EXPIRY });
  readonly #lost = new ExpiryQueue({ rows: this.#devices, from: EXPIRY });
  readonly #outgoing = new OutgoingBytes();

  /** `random` keeps what devices choose from making lists long. */
  constructor(limits: PresenceLimits, random: Random) {
    this.#limits = limits;
    this.#hash = createKeyedHash(random);
    this.#table = new SwarmTable({ rows: this.#devices, from: HOLDER }, random);
  }

  /** Devices, swarms, and pairs of a device and a file. */
  get size(): { readonly devices: number; readonly swarms: number; readonly shares: number } {
    return { devices: this.#devices.count, ...this.#table.size };
  }

  /** Bytes of rows and addresses, in use or not: most of what presence takes, and all of it outside the heap. */
  get reservedBytes(): number {
    const inIndexes = this.#byKey.reservedBytes + this.#table.reservedBytes;
    return this.#devices.reservedBytes + this.#addresses.reservedBytes + inIndexes;
  }

  /** Takes in what a device says it holds now. Fails with `busy` or `limit_reached`; what came before that holds. */
  announce(address: DeviceAddress, announcements: readonly Announcement[], nowMs: number): void {
    const known = this.#find(address.key);
    const device = known === NO_ROW ? this.#addDevice(address) : known;
    if (known !== NO_ROW) this.#heardAgain(device, address);
    this.#live.push(device, nowMs + this.#limits.presenceTtlMs);
    for (const announcement of announcements) this.#take(device, announcement);
  }

  /** The device does not serve these files any more; nothing else of it changes. */
  withdraw(key: string, names: readonly SwarmName[]): void {
    const device = this.#find(key);
    if (device === NO_ROW) return;
    for (const name of names) this.#removeShare(device, name);
  }

  /** The device's last connection is lost: it may come back within a while. */
  connectionLost(key: string, nowMs: number): void {
    const device = this.#find(key);
    const deadlineMs = nowMs + this.#limits.lostConnectionTtlMs;
    if (device === NO_ROW || this.#isLost(device) || this.#live.isOverAt(device, deadlineMs)) return;
    this.#live.remove(device);
    this.#devices.set(device, IS_LOST, 1);
    this.#lost.push(device, deadlineMs);
  }

  removeDevice(key: string): void {
    const device = this.#find(key);
    if (device === NO_ROW) return;
    this.#queueOf(device).remove(device);
    this.#forget(device);
  }

  /** All that the user's devices hold in the group. */
  removeMember(groupId: string, userId: string): void {
    for (const { shares } of this.#table.swarmsOf(groupId)) {
      this.#removeAll(shares.filter((share) => this.#addresses.isOfUser(this.#addressOf(share), userId)));
    }
  }

  /** All that anybody holds of the file, because it is no longer listed. */
  removeFile(name: SwarmName): void {
    this.#removeAll([...(this.#table.swarm(name)?.shares ?? [])]);
  }

  /** Forgets every device whose time is over. */
  expire(nowMs: number): void {
    for (const queue of [this.#live, this.#lost]) {
      for (let device = queue.takeExpired(nowMs); device !== NO_ROW; device = queue.takeExpired(nowMs)) {
        this.#forget(device);
      }
    }
  }

  /** At most `most` devices that hold the file, drawn by lot when there are more; not the device `except`. */
  peersOf(name: SwarmName, draw: Draw): PeerAddress[] {
    return this.#draw(name, draw).map((share) =>
      this.#addresses.read(this.#addressOf(share), this.#holdingOf(share)),
    );
  }

  /** The same as they go over the wire, and no more than fit into `maxBytes`. */
  encodedPeersOf(name: SwarmName, draw: Draw & { readonly maxBytes: number }): EncodedPeers {
    const shares = this.#draw(name, draw);
    let count = 0;
    let byteLength = 0;
    for (const share of shares) {
      const end = byteLength + this.#addresses.byteLength(this.#addressOf(share));
      if (end > draw.maxBytes) break;
      byteLength = end;
      count += 1;
    }
    return { count, bytes: this.#encode(shares, byteLength) };
  }

  /** Devices with the whole file, and devices with a part of it. */
  countOf(name: SwarmName): { readonly seeders: number; readonly leechers: number } {
    const swarm = this.#table.swarm(name);
    if (swarm === undefined) return { seeders: 0, leechers: 0 };
    return { seeders: swarm.seeders, leechers: swarm.shares.length - swarm.seeders };
  }

  #find(key: string): number {
    if (this.#devices.count === 0) return NO_ROW;
    const hash = this.#hash(key);
    let device = this.#byKey.first(hash);
    while (device !== NO_ROW && !this.#isKeyOf(device, key, hash)) device = this.#byKey.after(device);
    return device;
  }

  #isKeyOf(device: number, key: string, hash: number): boolean {
    if (this.#devices.get(device, KEY_HASH) !== hash) return false;
    return this.#addresses.isOf(this.#devices.get(device, ADDRESS), key);
  }

  /** A device that is known, and may have moved. It is in no queue then. */
  #heardAgain(device: number, address: DeviceAddress): void {
    const entry = this.#devices.get(device, ADDRESS);
    if (!this.#addresses.isAt(entry, address.host, address.port)) {
      this.#devices.set(device, ADDRESS, this.#addAddress(address));
      this.#addresses.remove(entry);
    }
    this.#queueOf(device).remove(device);
    this.#devices.set(device, IS_LOST, 0);
  }

  #addDevice(address: DeviceAddress): number {
    if (this.#devices.count >= this.#limits.devices) {
      throw new TrackerError(
        'busy',
        `The tracker knows ${this.#devices.count} devices, which is the most; try later`,
      );
    }
    const entry = this.#addAddress(address);
    const device = this.#devices.take();
    this.#devices.set(device, ADDRESS, entry);
    this.#devices.set(device, KEY_HASH, this.#hash(address.key));
    this.#byKey.add(device);
    return device;
  }

  #addAddress({ key, host, port }: DeviceAddress): number {
    return this.#addresses.add({ userId: userIdOf(key), deviceId: deviceIdOf(key), host, port });
  }

  #isLost(device: number): boolean {
    return this.#devices.get(device, IS_LOST) === 1;
  }

  #queueOf(device: number): ExpiryQueue {
    return this.#isLost(device) ? this.#lost : this.#live;
  }

  #take(device: number, { groupId, root, holding }: Announcement): void {
    const name = { groupId, root };
    const share = this.#shareOf(device, name);
    if (holding === 'gone') {
      if (share !== NO_ROW) this.#table.remove(share);
    } else if (share !== NO_ROW) this.#table.setComplete(share, holding === 'complete');
    else this.#addShare(device, name, holding);
  }

  #shareOf(device: number, name: SwarmName): number {
    const swarm = this.#table.swarm(name);
    return swarm === undefined ? NO_ROW : this.#table.share(device, swarm);
  }

  #addShare(device: number, name: SwarmName, holding: Holding): void {
    const count = this.#table.shareCount(device);
    if (count >= this.#limits.filesPerDevice) {
      const message = `This device offers ${count} files, which is the most; stop sharing one first`;
      throw new TrackerError('limit_reached', message);
    }
    this.#table.add(device, name, holding === 'complete');
  }

  #removeShare(device: number, name: SwarmName): void {
    const share = this.#shareOf(device, name);
    if (share !== NO_ROW) this.#table.remove(share);
  }

  /** A device that is in no queue any more. */
  #forget(device: number): void {
    for (let share = this.#table.firstShare(device); share !== NO_ROW; share = this.#table.firstShare(device))
      this.#table.remove(share);
    this.#byKey.remove(device);
    this.#addresses.remove(this.#devices.get(device, ADDRESS));
    this.#devices.give(device);
  }

  #removeAll(shares: readonly number[]): void {
    for (const share of shares) this.#table.remove(share);
  }

  /** Shares of a file, as `peersOf` names them. */
  #draw(name: SwarmName, { except, most, random }: Draw): readonly number[] {
    const shares = this.#table.swarm(name)?.shares ?? [];
    const excepted = this.#find(except);
    const drawn: number[] = [];
    // One more than wanted, in case the excepted one is drawn.
    for (const place of drawLots(shares.length, most + 1, random)) {
      const share = shares[place] ?? NO_ROW;
      if (drawn.length < most && this.#table.deviceOf(share) !== excepted) drawn.push(share);
    }
    return drawn;
  }

  /** As many of `shares`, from the first on, as take so many bytes. */
  #encode(shares: readonly number[], byteLength: number): Uint8Array {
    const bytes = this.#outgoing.take(byteLength);
    let end = 0;
    for (const share of shares) {
      if (end === byteLength) break;
      end = this.#addresses.copy(this.#addressOf(share), this.#holdingOf(share), bytes, end);
    }
    return bytes;
  }

  /** In the address book. */
  #addressOf(share: number): number {
    return this.#devices.get(this.#table.deviceOf(share), ADDRESS);
  }

  #holdingOf(share: number): Holding {
    return this.#table.isComplete(share) ? 'complete' : 'partial';
  }
}
