/**
 * Which devices hold which files, as lists that can be walked from both sides: from a file to its devices, from a device
 * to its files. Every step is constant but the walking.
 *
 * A million pairs of a device and a file have to fit into some hundred megabytes, hence rows and not objects.
 */
import type { Random } from '@minitorrent/rpc-core';
import { RowIndex } from './row-index.ts';
import { type Fields, NO_ROW, Rows } from './rows.ts';

/** A file in a group; `root` is in hexadecimal. */
export interface SwarmName {
  readonly groupId: string;
  readonly root: string;
}

/** The devices that hold a file. */
export interface Swarm extends SwarmName {
  /** Stands for the swarm in the rows of its shares; used again when it is gone. */
  readonly number: number;
  /** The rows of its shares, in no order that means anything. */
  readonly shares: readonly number[];
  /** Shares that are complete. */
  readonly seeders: number;
}

interface OwnedSwarm extends Swarm {
  readonly shares: number[];
  seeders: number;
}

/** Fields that the table keeps in the row of a device. */
export const HOLDER_FIELDS = 2;
const FIRST_SHARE = 0;
const SHARE_COUNT = 1;

/** The fields of a share: a device has a file, or a part of it. */
const DEVICE = 0;
const SWARM = 1;
/** Its place in `Swarm.shares`, doubled, and 1 more where it is complete. */
const PLACE = 2;
/** In the list of the device. */
const BEFORE = 3;
const AFTER = 4;
const CHAIN = 5;
const SHARE_FIELDS = 6;

export class SwarmTable {
  readonly #devices: Fields;
  readonly #shares = new Rows(SHARE_FIELDS);
  readonly #index: RowIndex;
  readonly #random: Random;
  #seed: number | undefined;
  /** By group id, then by root. A swarm is there as long as it has a share. */
  readonly #byName = new Map<string, Map<string, OwnedSwarm>>();
  readonly #byNumber: (OwnedSwarm | undefined)[] = [];
  readonly #freeNumbers: number[] = [];

  /** `random` keeps what devices choose from making lists long. */
  constructor(devices: Fields, random: Random) {
    this.#devices = devices;
    this.#random = random;
    const hashOf = (share: number): number => this.#hash(this.#get(share, DEVICE), this.#get(share, SWARM));
    this.#index = new RowIndex({ rows: this.#shares, from: CHAIN, hashOf });
  }

  get size(): { readonly swarms: number; readonly shares: number } {
    return { swarms: this.#byNumber.length - this.#freeNumbers.length, shares: this.#shares.count };
  }

  /** Bytes that are kept for shares, in use or not. */
  get reservedBytes(): number {
    return this.#shares.reservedBytes + this.#index.reservedBytes;
  }

  swarm({ groupId, root }: SwarmName): Swarm | undefined {
    return this.#byName.get(groupId)?.get(root);
  }

  swarmsOf(groupId: string): readonly Swarm[] {
    return [...(this.#byName.get(groupId)?.values() ?? [])];
  }

  /** The share of a device in a swarm, or `NO_ROW`. */
  share(device: number, { number }: Swarm): number {
    const hash = this.#hash(device, number);
    let share = this.#index.first(hash);
    while (share !== NO_ROW && (this.#get(share, DEVICE) !== device || this.#get(share, SWARM) !== number))
      share = this.#index.after(share);
    return share;
  }

  /** Any share of a device, or `NO_ROW`. */
  firstShare(device: number): number {
    return this.#devices.rows.get(device, this.#devices.from + FIRST_SHARE);
  }

  shareCount(device: number): number {
    return this.#devices.rows.get(device, this.#devices.from + SHARE_COUNT);
  }

  deviceOf(share: number): number {
    return this.#get(share, DEVICE);
  }

  isComplete(share: number): boolean {
    return (this.#get(share, PLACE) & 1) === 1;
  }

  /** Notes a share that is not there yet. */
  add(device: number, name: SwarmName, isComplete: boolean): void {
    const swarm = this.#ownedSwarm(name) ?? this.#addSwarm(name);
    const share = this.#shares.take();
    this.#set(share, DEVICE, device);
    this.#set(share, SWARM, swarm.number);
    this.#set(share, PLACE, 2 * swarm.shares.length + Number(isComplete));
    this.#link(share, device);
    this.#index.add(share);
    swarm.shares.push(share);
    if (isComplete) swarm.seeders += 1;
  }

  setComplete(share: number, isComplete: boolean): void {
    if (this.isComplete(share) === isComplete) return;
    this.#set(share, PLACE, this.#get(share, PLACE) ^ 1);
    this.#swarmOf(share).seeders += isComplete ? 1 : -1;
  }

  remove(share: number): void {
    const swarm = this.#swarmOf(share);
    if (this.isComplete(share)) swarm.seeders -= 1;
    this.#takeOut(swarm.shares, share);
    this.#index.remove(share);
    this.#unlink(share, this.#get(share, DEVICE));
    this.#shares.give(share);
    if (swarm.shares.length === 0) this.#removeSwarm(swarm);
  }

  #get(share: number, field: number): number {
    return this.#shares.get(share, field);
  }

  #set(share: number, field: number, value: number): void {
    this.#shares.set(share, field, value);
  }

  /** Puts a share in front of the others of its device. */
  #link(share: number, device: number): void {
    const { rows, from } = this.#devices;
    const after = this.firstShare(device);
    this.#set(share, AFTER, after);
    if (after !== NO_ROW) this.#set(after, BEFORE, share);
    rows.set(device, from + FIRST_SHARE, share);
    rows.set(device, from + SHARE_COUNT, this.shareCount(device) + 1);
  }

  #unlink(share: number, device: number): void {
    const { rows, from } = this.#devices;
    const before = this.#get(share, BEFORE);
    const after = this.#get(share, AFTER);
    if (before === NO_ROW) rows.set(device, from + FIRST_SHARE, after);
    else this.#set(before, AFTER, after);
    if (after !== NO_ROW) this.#set(after, BEFORE, before);
    rows.set(device, from + SHARE_COUNT, this.shareCount(device) - 1);
  }

  /** The last share takes the place that becomes free. */
  #takeOut(shares: number[], share: number): void {
    const last = shares.pop();
    if (last === undefined || last === share) return;
    const place = this.#get(share, PLACE) >> 1;
    shares[place] = last;
    this.#set(last, PLACE, 2 * place + (this.#get(last, PLACE) & 1));
  }

  #ownedSwarm({ groupId, root }: SwarmName): OwnedSwarm | undefined {
    return this.#byName.get(groupId)?.get(root);
  }

  #swarmOf(share: number): OwnedSwarm {
    const swarm = this.#byNumber[this.#get(share, SWARM)];
    if (swarm === undefined) throw new RangeError(`Cannot find the swarm of share ${share}: it is gone`);
    return swarm;
  }

  #addSwarm({ groupId, root }: SwarmName): OwnedSwarm {
    const number = this.#freeNumbers.pop() ?? this.#byNumber.length;
    const swarm: OwnedSwarm = { groupId, root, number, shares: [], seeders: 0 };
    const swarms = this.#byName.get(groupId) ?? new Map<string, OwnedSwarm>();
    this.#byName.set(groupId, swarms.set(root, swarm));
    this.#byNumber[number] = swarm;
    return swarm;
  }

  #removeSwarm({ groupId, root, number }: OwnedSwarm): void {
    const swarms = this.#byName.get(groupId);
    swarms?.delete(root);
    if (swarms?.size === 0) this.#byName.delete(groupId);
    this.#byNumber[number] = undefined;
    this.#freeNumbers.push(number);
  }

  /** Mixes as MurmurHash3 does at its end, from a start that nobody knows. */
  #hash(device: number, swarm: number): number {
    this.#seed ??= this.#random.integer(2 ** 32);
    let hash = Math.imul(device ^ this.#seed, 0x85eb_ca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + swarm, 0xc2b2_ae35);
    return hash ^ (hash >>> 13) ^ (hash >>> 16);
  }
}
