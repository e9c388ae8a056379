/**
 * Which devices hold which files, as lists that can be walked from both sides: from a file to its devices, from a device
 * to its files. Every step is constant but the walking.
 *
 * A million pairs of a device and a file have to fit into some hundred megabytes, hence bare fields and linked lists.
 */

/** A file in a group; `root` is in hexadecimal. */
export interface SwarmName {
  readonly groupId: string;
  readonly root: string;
}

/** The devices that hold a file. */
export interface Swarm<D> extends SwarmName {
  readonly byDevice: Map<D, Share<D>>;
  /** The same shares, for drawing lots. */
  readonly shares: Share<D>[];
  /** Shares that are complete. */
  seeders: number;
}

/** A device has a file, or a part of it. */
export interface Share<D> {
  readonly device: D;
  readonly swarm: Swarm<D>;
  isComplete: boolean;
  /** In `swarm.shares`. */
  place: number;
  /** In the list of the device. */
  before: Share<D> | undefined;
  after: Share<D> | undefined;
}

/** The fields that the table keeps in a device. */
export interface Holder<D> {
  firstShare: Share<D> | undefined;
  shareCount: number;
}

export class SwarmTable<D extends Holder<D>> {
  /** By group id, then by root. A swarm is there as long as it has a share. */
  readonly #swarms = new Map<string, Map<string, Swarm<D>>>();
  #swarmCount = 0;
  #shareCount = 0;

  get size(): { readonly swarms: number; readonly shares: number } {
    return { swarms: this.#swarmCount, shares: this.#shareCount };
  }

  swarm({ groupId, root }: SwarmName): Swarm<D> | undefined {
    return this.#swarms.get(groupId)?.get(root);
  }

  swarmsOf(groupId: string): readonly Swarm<D>[] {
    return [...(this.#swarms.get(groupId)?.values() ?? [])];
  }

  /** Notes a share that is not there yet. */
  add(device: D, name: SwarmName, isComplete: boolean): void {
    const swarm = this.swarm(name) ?? this.#addSwarm(name);
    const after = device.firstShare;
    const share: Share<D> = {
      device,
      swarm,
      isComplete,
      place: swarm.shares.length,
      before: undefined,
      after,
    };
    if (after !== undefined) after.before = share;
    device.firstShare = share;
    device.shareCount += 1;
    swarm.byDevice.set(device, share);
    swarm.shares.push(share);
    if (isComplete) swarm.seeders += 1;
    this.#shareCount += 1;
  }

  setComplete(share: Share<D>, isComplete: boolean): void {
    if (share.isComplete === isComplete) return;
    share.isComplete = isComplete;
    share.swarm.seeders += isComplete ? 1 : -1;
  }

  remove(share: Share<D>): void {
    const { device, swarm, before, after } = share;
    if (before === undefined) device.firstShare = after;
    else before.after = after;
    if (after !== undefined) after.before = before;
    device.shareCount -= 1;
    this.#shareCount -= 1;
    if (share.isComplete) swarm.seeders -= 1;
    swarm.byDevice.delete(device);
    takeOut(swarm.shares, share);
    if (swarm.shares.length === 0) this.#removeSwarm(swarm);
  }

  #addSwarm({ groupId, root }: SwarmName): Swarm<D> {
    const swarm: Swarm<D> = { groupId, root, byDevice: new Map(), shares: [], seeders: 0 };
    const swarms = this.#swarms.get(groupId) ?? new Map<string, Swarm<D>>();
    this.#swarms.set(groupId, swarms.set(root, swarm));
    this.#swarmCount += 1;
    return swarm;
  }

  #removeSwarm({ groupId, root }: SwarmName): void {
    const swarms = this.#swarms.get(groupId);
    swarms?.delete(root);
    if (swarms?.size === 0) this.#swarms.delete(groupId);
    this.#swarmCount -= 1;
  }
}

/** The last share takes the place that becomes free. */
function takeOut<D>(shares: Share<D>[], share: Share<D>): void {
  const last = shares.pop();
  if (last === undefined || last === share) return;
  shares[share.place] = last;
  last.place = share.place;
}
