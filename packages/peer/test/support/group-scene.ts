/**
 * A real tracker, and peers that prove which devices they are, all in memory: for what people do with devices and groups.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, createSystemClock, type RpcServer } from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { createMemoryNetwork, type MemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createMemoryJournal, createTracker, type Tracker } from '@minitorrent/tracker';
import { type CreatePeerOptions, createPeer, type Peer, type PeerEvents } from '../../src/index.ts';
import { type Lies, startLyingTracker } from './lying-tracker.ts';

export const PASSWORD = 'correct horse battery';
export const GROUP = 'films';

const FAST = { argon2MemoryKib: 64, argon2Passes: 1, announcesPerSecond: 1_000, announceBurst: 1_000 };
const BEHIND = { host: 'tracker', port: 2 };
const FRONT = { host: 'tracker', port: 1 };

/** Calendars can be moved on; what is waited for takes as long as ever. */
export class MovingClock implements Clock {
  aheadMs = 0;
  readonly #clock = createSystemClock();

  now(): number {
    return this.#clock.now();
  }

  wallNow(): number {
    return this.#clock.wallNow() + this.aheadMs;
  }

  schedule(delayMs: number, task: () => void): () => void {
    return this.#clock.schedule(delayMs, task);
  }
}

export class GroupScene implements AsyncDisposable {
  readonly network: MemoryNetwork = createMemoryNetwork();
  readonly clock: MovingClock = new MovingClock();
  /** What peers asked their tracker, by name. */
  readonly asked: string[] = [];
  readonly folder: string;
  readonly trackerIdentity: Identity = createIdentity();
  readonly #resources = new AsyncDisposableStack();
  #tracker: Tracker | undefined;
  #front: RpcServer | undefined;
  #peers = 0;
  #lies: Lies = {};

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async start(): Promise<GroupScene> {
    const scene = new GroupScene(await mkdtemp(join(tmpdir(), 'minitorrent-groups-')));
    scene.#tracker = await createTracker({
      ...{ network: scene.network.from('tracker', scene.trackerIdentity.deviceId), clock: scene.clock },
      ...{ address: BEHIND, journal: createMemoryJournal(), identity: scene.trackerIdentity, limits: FAST },
    });
    await scene.comeBack();
    return scene;
  }

  /** From now on the tracker lies like this, to whoever connects anew. */
  async lie(lies: Lies): Promise<void> {
    this.#lies = lies;
    await this.fall();
    await this.comeBack();
  }

  /** Every connection to the tracker breaks. */
  async fall(): Promise<void> {
    await this.#front?.close({ signal: AbortSignal.abort() });
  }

  async comeBack(): Promise<void> {
    const { network, asked } = this;
    const { deviceId } = this.trackerIdentity;
    const lies = this.#lies;
    this.#front = await startLyingTracker({ network, deviceId, behind: BEHIND, address: FRONT, lies, asked });
  }

  /** A peer on a device of its own, on which nobody is logged in. */
  async device(options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const name = `device-${this.#peers++}`;
    const identity = options.identity ?? createIdentity();
    const peer = await createPeer({
      ...{ identity, network: this.network.from(name, identity.deviceId), clock: this.clock },
      trackers: [{ ...FRONT, pin: this.trackerIdentity.deviceId }],
      listen: { host: name, port: 1 },
      dataDir: join(this.folder, name, 'data'),
      downloadDir: join(this.folder, name, 'downloads'),
      deviceName: name,
      ...options,
    });
    this.#resources.use(peer);
    return peer;
  }

  /** A new user, logged in on a device of their own. */
  async user(userId: string, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const peer = await this.device(options);
    await peer.createUser(userId, PASSWORD);
    await peer.login(userId, PASSWORD);
    return peer;
  }

  /** A new user who is admitted by `admin`, a person. */
  async member(userId: string, admin: Peer): Promise<Peer> {
    const peer = await this.user(userId);
    await peer.joinGroup(GROUP);
    await admin.acceptRequest(GROUP, userId);
    return peer;
  }

  /** A file of some bytes; answers its path. */
  async file(name: string, bytes: Uint8Array = randomBytes(1_000)): Promise<string> {
    const path = join(this.folder, name);
    await writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#resources.disposeAsync();
    await this.fall();
    await this.#tracker?.close({ signal: AbortSignal.abort() });
    await rm(this.folder, { recursive: true });
  }
}

/** What the next event of that name says. */
export function next<E extends keyof PeerEvents>(peer: Peer, event: E): Promise<PeerEvents[E][0]> {
  return new Promise((resolve) => peer.on(event, (...[first]) => resolve(first)));
}
