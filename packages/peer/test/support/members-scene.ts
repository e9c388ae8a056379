/**
 * A tracker, and devices of users that prove who they are, in a group whose members are let in by proofs.
 *
 * What a user does about groups is done by hand here, over a connection of the same device, so that tests can also do what
 * no honest program does.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Address,
  type Client,
  type Clock,
  type Connection,
  createConnection,
  createServer,
  createSystemClock,
  type Handlers,
  type Network,
  type PinnedAddress,
  serve,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createIdentity, createTlsNetwork, type Identity } from '@minitorrent/rpc-core/tls';
import { createTracker, type Tracker } from '@minitorrent/tracker';
import { extendProof, foundGroup, trackerContract } from '@minitorrent/tracker/contract';
import type { MembershipCard } from '../../src/admission.ts';
import { peerContract } from '../../src/contract.ts';
import { type CreatePeerOptions, createPeer, type Peer } from '../../src/index.ts';

export const GROUP = 'films';
export const PASSWORD = 'correct horse battery';

/** One user's device, logged in at the tracker. */
export interface Hand {
  readonly userId: string;
  readonly identity: Identity;
  readonly tracker: Client<typeof trackerContract>;
}

export class MembersScene implements AsyncDisposable {
  readonly folder: string;
  readonly trackerIdentity: Identity = createIdentity();
  readonly #network: (host: string, identity: Identity) => Network;
  readonly #open: { close(options: { readonly signal: AbortSignal }): Promise<unknown> }[] = [];
  #tracker: Tracker | undefined;
  #address: Address;
  #wallAheadMs = 0;

  private constructor(folder: string, isSecure: boolean) {
    this.folder = folder;
    const memory = createMemoryNetwork();
    this.#network = isSecure
      ? (_, identity) => createTlsNetwork({ identity })
      : (host, { deviceId }) => memory.from(host, deviceId);
    this.#address = isSecure ? { host: '127.0.0.1', port: 0 } : { host: 'tracker', port: 1 };
  }

  /** The tracker runs, and nobody is there. */
  static async start({ isSecure = false } = {}): Promise<MembersScene> {
    const scene = new MembersScene(await mkdtemp(join(tmpdir(), 'minitorrent-members-')), isSecure);
    await scene.startTracker();
    return scene;
  }

  get addresses(): PinnedAddress[] {
    return [{ ...this.#address, pin: this.trackerIdentity.deviceId }];
  }

  /** The clock of this machine, which can be set ahead. */
  get clock(): Clock {
    const clock = createSystemClock();
    return {
      now: () => clock.now(),
      wallNow: () => clock.wallNow() + this.#wallAheadMs,
      schedule: (delayMs, task) => clock.schedule(delayMs, task),
    };
  }

  /** The time of day jumps, for all but the tracker. */
  passes(ms: number): void {
    this.#wallAheadMs += ms;
  }

  /** Starts it, again perhaps, at the same address. */
  async startTracker(): Promise<void> {
    const identity = this.trackerIdentity;
    this.#tracker = await createTracker({
      ...{ identity, dataDir: join(this.folder, 'tracker'), address: this.#address },
      network: this.#network('tracker', identity),
      limits: { argon2MemoryKib: 64, argon2Passes: 1, announcesPerSecond: 1_000, announceBurst: 1_000 },
    });
    this.#address = this.#tracker.address;
  }

  async stopTracker(): Promise<void> {
    await this.#tracker?.close({ signal: AbortSignal.abort() });
  }

  /** A new user with a device. */
  async hand(userId: string): Promise<Hand> {
    const identity = createIdentity();
    const [address] = this.addresses;
    if (address === undefined) throw new TypeError('There is no tracker');
    const connection = await this.connect(userId, identity, address, address.pin);
    const tracker = connection.client(trackerContract);
    await tracker.create_user({ requestId: randomBytes(16), userId, password: PASSWORD });
    await tracker.login({ userId, password: PASSWORD, deviceId: identity.deviceId, deviceName: undefined });
    return { userId, identity, tracker };
  }

  /** A new user who founded the group. */
  async founder(userId: string): Promise<Hand> {
    const hand = await this.hand(userId);
    const proof = foundGroup(hand.identity, { groupId: GROUP, userId, nonce: randomBytes(16) });
    await hand.tracker.create_group({ requestId: randomBytes(16), groupId: GROUP, proof });
    return hand;
  }

  /** A new user whom `admin` let in; without a proof where the tracker is to believe it and nobody else. */
  async member(userId: string, admin: Hand, { isProved = true } = {}): Promise<Hand> {
    const hand = await this.hand(userId);
    const { deviceId } = hand.identity;
    await hand.tracker.join_group({ requestId: randomBytes(16), groupId: GROUP, proof: undefined });
    const { memberEpoch } = await admin.tracker.list_members({ groupId: GROUP, after: '' });
    const { proof } = await card(admin);
    const proofs = [
      extendProof(proof, admin.identity, {
        ...{ groupId: GROUP, userId, deviceId, role: 'member', memberEpoch: memberEpoch + 1 },
        notAfterMs: Number.MAX_SAFE_INTEGER,
      }),
    ];
    const request = { requestId: randomBytes(16), groupId: GROUP, userId };
    await admin.tracker.accept_request({ ...request, proofs: isProved ? proofs : undefined });
    return hand;
  }

  /** The whole program on the device of `hand`, logged in, which lets in members alone. */
  async peer(hand: Hand, options: Partial<CreatePeerOptions> = {}): Promise<Peer> {
    const { userId, identity } = hand;
    const peer = await createPeer({
      ...{ identity, clock: this.clock, trackers: this.addresses },
      network: this.#network(userId, identity),
      listen: this.#address.host === 'tracker' ? { host: userId, port: 0 } : { host: '127.0.0.1', port: 0 },
      dataDir: join(this.folder, userId, 'data'),
      downloadDir: join(this.folder, userId, 'downloads'),
      ...options,
    });
    this.#open.push(peer);
    await peer.login(userId, PASSWORD);
    return peer;
  }

  /** A peer on the device of `hand` that answers as `handlers` say, and that the tracker knows for a holder of `root`. */
  async holder(hand: Hand, root: Uint8Array, handlers: Handlers<typeof peerContract>): Promise<void> {
    const server = await createServer({
      network: this.#network(hand.userId, hand.identity),
      clock: createSystemClock(),
      address:
        this.#address.host === 'tracker' ? { host: hand.userId, port: 0 } : { host: '127.0.0.1', port: 0 },
      serve: [serve(peerContract, handlers)],
      trusted: true,
    });
    this.#open.push(server);
    const files = [{ groupId: GROUP, root, holding: 'complete' }] as const;
    await hand.tracker.announce({ port: server.address.port, files });
  }

  /** From the device of `hand` to another peer, by hand. */
  async call(hand: Hand, peer: Peer): Promise<Connection> {
    return await this.connect(hand.userId, hand.identity, peer.address, peer.deviceId);
  }

  async connect(host: string, identity: Identity, to: Address, expected?: Uint8Array): Promise<Connection> {
    const expect = expected === undefined ? {} : { expect: expected };
    const channel = await this.#network(host, identity).connect(to, expect);
    const connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
    this.#open.push(connection);
    return connection;
  }

  /** A file of `bytes`; answers its path. */
  async file(name: string, bytes: Uint8Array): Promise<string> {
    await mkdir(join(this.folder, 'sources'), { recursive: true });
    const path = join(this.folder, 'sources', name);
    await writeFile(path, bytes);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const signal = AbortSignal.abort();
    for (const open of this.#open.reverse()) await open.close({ signal });
    await this.stopTracker();
    await rm(this.folder, { recursive: true });
  }
}

/** What the tracker gives the device to show. */
export async function card({ tracker, userId }: Hand): Promise<MembershipCard> {
  const { stamps } = await tracker.group_stamps({ groups: [GROUP] });
  const membership = stamps[0]?.membership;
  if (membership === undefined) throw new Error(`Nothing lets the device of ${userId} in`);
  return membership;
}

/** Shows `shown` over the connection, and answers what the peer shows. */
export async function present(connection: Connection, shown: MembershipCard): Promise<MembershipCard> {
  return await connection.client(peerContract).present_membership({ groupId: GROUP, ...shown });
}
