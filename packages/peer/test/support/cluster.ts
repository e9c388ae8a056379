/**
 * Trackers and peers on real sockets of this machine, with folders of their own, all gone at the end of the test.
 */
import { randomBytes, randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Client,
  type Connection,
  createConnection,
  createServer,
  createSystemClock,
  type Handlers,
  type Network,
  type PinnedAddress,
  type Served,
  serve,
  whoToExpect,
} from '@minitorrent/rpc-core';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import {
  createIdentity,
  createTlsNetwork,
  type Identity,
  loadOrCreateIdentity,
} from '@minitorrent/rpc-core/tls';
import {
  type ClusterOptions,
  createMemoryRegister,
  createTracker,
  RegisterCell,
  type Tracker,
} from '@minitorrent/tracker';
import { type FileDescriptor, signFile, trackerContract } from '@minitorrent/tracker/contract';
import { vi } from 'vitest';
import type { MembershipCard } from '../../src/admission.ts';
import { peerContract } from '../../src/contract.ts';
import { type CreatePeerOptions, createPeer, type Peer } from '../../src/index.ts';

export const PASSWORD = 'correct horse battery';
export const GROUP = 'films';

/** How tracker number `place` is opened, at its place and with what it knew. */
type OpenTracker = (place: number) => Promise<Tracker>;

/** Trackers that hash passwords quickly: what argon2id costs is tested where it belongs. */
export class Cluster implements AsyncDisposable {
  readonly folder: string;
  readonly trackers: Tracker[];
  readonly #openTracker: OpenTracker;
  /** The device id of the trackers; undefined where everything goes over TCP. */
  readonly #pin: Uint8Array | undefined;
  readonly #open: AsyncDisposable[] = [];

  private constructor(folder: string, trackers: Tracker[], openTracker: OpenTracker, pin?: Uint8Array) {
    this.folder = folder;
    this.trackers = trackers;
    this.#openTracker = openTracker;
    this.#pin = pin;
  }

  /** One tracker that stands alone. */
  static async start(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'minitorrent-peer-'));
    const port = await freePort();
    const network = createTcpNetwork();
    const open: OpenTracker = () => openTracker({ network, dataDir: join(folder, 'tracker'), port });
    return new Cluster(folder, [await open(0)], open);
  }

  /** One tracker that stands alone, and everything over TLS. */
  static async startSecure(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'minitorrent-tls-'));
    const port = await freePort();
    const open: OpenTracker = () => openTracker({ dataDir: join(folder, 'tracker'), port });
    const tracker = await open(0);
    return new Cluster(folder, [tracker], open, tracker.deviceId);
  }

  /** Two trackers as one, in sync; the first one decides. */
  static async startPair(): Promise<Cluster> {
    const folder = await mkdtemp(join(tmpdir(), 'minitorrent-pair-'));
    const ports = [await freePort(), await freePort()];
    const cell = new RegisterCell();
    const register = createMemoryRegister(cell);
    const clusterId = randomBytes(16);
    const open: OpenTracker = (place) => {
      const others = ports.filter((_, other) => other !== place);
      const peers = others.map((port) => ({ host: '127.0.0.1', port }));
      return openTracker({
        network: createTcpNetwork(),
        dataDir: join(folder, `tracker-${place}`),
        port: ports[place] ?? 0,
        cluster: { clusterId, peers, register },
      });
    };
    const first = await open(0);
    await vi.waitFor(() => isTrue(first.status().role === 'primary'), 20_000);
    const cluster = new Cluster(folder, [first, await open(1)], open);
    await cluster.inSync();
    return cluster;
  }

  /** The first of them. */
  get tracker(): Tracker {
    return this.#at(0);
  }

  get addresses(): PinnedAddress[] {
    const pin = this.#pin === undefined ? {} : { pin: this.#pin };
    return this.trackers.map(({ address }) => ({ ...address, ...pin }));
  }

  /** As whoever uses it on the device of `identity`. */
  network(identity: Identity = createIdentity()): Network {
    return this.#pin === undefined ? createTcpNetwork() : createTlsNetwork({ identity });
  }

  /** Resolves when one of the pair decides, and the other follows. */
  async inSync(): Promise<void> {
    await vi.waitFor(() => {
      const roles = this.trackers.map((tracker) => tracker.status().role);
      isTrue(roles.toSorted().join() === 'backup,primary');
    }, 20_000);
  }

  /** Ends every connection of the tracker at once, as its death would. */
  async stopTracker(place = 0): Promise<void> {
    await this.#at(place).close({ signal: AbortSignal.abort() });
  }

  /** Starts it again at its old address, with what it knew. */
  async startTracker(place = 0): Promise<void> {
    this.trackers[place] = await this.#openTracker(place);
  }

  /** A peer that is not logged in. */
  async peer(name: string, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const peer = await createPeer({
      trackers: this.addresses,
      dataDir: join(this.folder, name, 'data'),
      downloadDir: join(this.folder, name, 'downloads'),
      joinPolicy: async () => 'accept',
      ...(this.#pin === undefined ? { network: createTcpNetwork() } : {}),
      ...options,
    });
    this.#open.push(peer);
    return peer;
  }

  /** A new user, logged in. */
  async user(name: string, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const peer = await this.peer(name, options);
    await peer.createUser(name, PASSWORD);
    await peer.login(name, PASSWORD);
    return peer;
  }

  /** A new user, logged in, who made the group and lets everybody in. */
  async admin(name: string, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const peer = await this.user(name, options);
    await peer.createGroup(GROUP);
    return peer;
  }

  /** A new user, logged in, who is a member of the group. */
  async member(name: string, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const peer = await this.user(name, options);
    await peer.joinGroup(GROUP);
    return peer;
  }

  /** A member that answers other peers as `handlers` say, and tells the tracker that it holds all of `file`. */
  async impostor(name: string, file: FileDescriptor, handlers: Handlers<typeof peerContract>): Promise<void> {
    const identity = createIdentity();
    const network = this.network(identity);
    const clock = createSystemClock();
    const address = { host: '127.0.0.1', port: 0 };
    const card = Promise.withResolvers<MembershipCard>();
    // It is a member, whatever else it is.
    const present_membership = () => card.promise;
    const served: Served = serve(peerContract, { ...handlers, present_membership });
    const server = await createServer({ network, clock, address, serve: [served], trusted: true });
    this.#open.push(server);
    card.resolve(await cardFrom(await this.holder(name, file, server.address.port, identity)));
  }

  /** A member that tells the tracker that it holds all of `file`, and serves it at `port`. */
  async holder(
    name: string,
    file: FileDescriptor,
    port: number,
    identity: Identity = createIdentity(),
  ): Promise<Client<typeof trackerContract>> {
    const tracker = await this.#memberByHand(name, identity);
    const holding = { groupId: GROUP, root: file.root, holding: 'complete' } as const;
    await tracker.announce({ port, files: [holding] });
    return tracker;
  }

  /** What a new member of that name can show to other peers. */
  async card(name: string): Promise<MembershipCard> {
    return await cardFrom(await this.#memberByHand(name, createIdentity()));
  }

  /** Puts a file on the group's list that nobody serves yet, signed by alice's device. */
  async listed({ name, size, pieceLength, root }: FileDescriptor): Promise<void> {
    const identity = createIdentity();
    const tracker = (await this.client([], identity)).client(trackerContract);
    await tracker.login({ userId: 'alice', password: PASSWORD, deviceId: identity.deviceId });
    const file = { name, size, pieceLength, root };
    const alice = await loadOrCreateIdentity({ folder: join(this.folder, 'alice', 'data') });
    const signature = signFile(alice, { groupId: GROUP, userId: 'alice', file });
    await tracker.upload_file({ requestId: randomBytes(16), groupId: GROUP, file, signature });
  }

  /** A bare connection to the tracker. */
  async client(served: readonly Served[] = [], identity?: Identity): Promise<Connection> {
    const network = this.network(identity);
    const [address = this.tracker.address] = this.addresses;
    const channel = await network.connect(address, whoToExpect(network, address));
    const connection = createConnection({
      channel,
      clock: createSystemClock(),
      serve: served,
      trusted: true,
    });
    this.#open.push(connection);
    return connection;
  }

  /** A file of `bytes` in a folder of its own; answers its path. */
  async file(name: string, bytes: Uint8Array): Promise<string> {
    await mkdir(join(this.folder, 'sources'), { recursive: true });
    const path = join(this.folder, 'sources', name);
    await writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const open of this.#open.reverse()) await open[Symbol.asyncDispose]();
    for (const tracker of this.trackers) await tracker.close({ signal: AbortSignal.abort() });
    await rm(this.folder, { recursive: true });
  }

  async #memberByHand(userId: string, identity: Identity): Promise<Client<typeof trackerContract>> {
    const tracker = (await this.client([], identity)).client(trackerContract);
    const requestId = (): Uint8Array => randomBytes(16);
    await tracker.create_user({ requestId: requestId(), userId, password: PASSWORD });
    await tracker.login({ userId, password: PASSWORD, deviceId: identity.deviceId });
    await tracker.join_group({ requestId: requestId(), groupId: GROUP });
    return tracker;
  }

  #at(place: number): Tracker {
    const tracker = this.trackers[place];
    if (tracker === undefined) throw new RangeError(`There is no tracker ${place}`);
    return tracker;
  }
}

function openTracker({
  port,
  ...options
}: {
  readonly dataDir: string;
  readonly port: number;
  readonly network?: Network;
  readonly cluster?: ClusterOptions;
}): Promise<Tracker> {
  return createTracker({
    address: { host: '127.0.0.1', port },
    limits: { argon2MemoryKib: 64, argon2Passes: 1, announcesPerSecond: 1_000, announceBurst: 1_000 },
    ...options,
  });
}

/**
 * A port on which nobody listens, for a list of addresses that has to be known before anybody does. It is below those that
 * the system gives away by itself, so that nobody comes by it while its tracker is down.
 */
async function freePort(): Promise<number> {
  for (;;) {
    const address = { host: '127.0.0.1', port: randomInt(10_000, 30_000) };
    const listener = await createTcpNetwork()
      .listen(address, (channel) => channel.destroy())
      .catch(() => undefined);
    await listener?.close();
    if (listener !== undefined) return address.port;
  }
}

function isTrue(condition: boolean): void {
  if (!condition) throw new Error('Not yet');
}

/** What the device that is logged in there can show to other peers. */
async function cardFrom(tracker: Client<typeof trackerContract>): Promise<MembershipCard> {
  const { stamps } = await tracker.group_stamps({ groups: [GROUP] });
  const membership = stamps[0]?.membership;
  if (membership === undefined) throw new Error('Nothing lets this device in');
  return membership;
}
