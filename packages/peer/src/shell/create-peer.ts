/**
 * Puts a peer together from its parts, and chooses the defaults: the system's clock and randomness, and TLS by the key that
 * lies in the data folder.
 */
import { mkdir } from 'node:fs/promises';
import { availableParallelism, hostname } from 'node:os';
import { join } from 'node:path';
import { createBlockHasher } from '@minitorrent/chunk-store';
import type { Address, Clock, Network, PinnedAddress, Random, RpcServer } from '@minitorrent/rpc-core';
import {
  createServer,
  createSystemClock,
  createSystemRandom,
  RpcError,
  whoToExpect,
} from '@minitorrent/rpc-core';
import { DEVICE_ID_BYTES, type Identity } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
import { ArrivingBlocks } from '../arriving-blocks.ts';
import { deviceNameOf } from '../device-name.ts';
import { STRANGER_LIMITS } from '../message-limits.ts';
import type { JoinPolicy, Peer } from '../peer.ts';
import type { TransferPlan } from '../transfers.ts';
import { type Library, openLibrary } from './library.ts';
import { MembershipGate } from './membership-gate.ts';
import { Paces } from './paces.ts';
import { PeerNode } from './peer-node.ts';
import { servePieces } from './serve-pieces.ts';
import { SharedFiles } from './shared-files.ts';
import { Uplink } from './uplink.ts';

export interface CreatePeerOptions {
  /**
   * The trackers in order of preference, at least one. Give all peers the same addresses, in any order: which trackers are
   * told who has the files of a group follows from them. Each needs its pin, the device id of who must answer, unless the
   * network proves none.
   */
  readonly trackers: readonly PinnedAddress[];
  /** Where the peer keeps its library; created if it is not there. One process at a time. */
  readonly dataDir: string;
  /** Where finished downloads go unless told otherwise; created if it is not there. */
  readonly downloadDir: string;
  /** Where other peers reach this one; on loopback by default. Port 0 takes the port of the last time, or any free one. */
  readonly listen?: Address;
  /** Decides on requests to join a group of this user; without it they wait for `acceptRequest`. */
  readonly joinPolicy?: JoinPolicy;
  /** How long a call looks for a tracker that answers, milliseconds. */
  readonly trackerPatienceMs?: number;
  /** Which device this is; unless given, by the key in `dataDir`, which is made the first time. */
  readonly identity?: Identity;
  /** What this device is called in its user's list of devices; the machine's name unless given. */
  readonly deviceName?: string;
  /**
   * How much longer the stamps of members are good while no tracker can be reached, milliseconds; 24 hours unless given. With
   * 0 nobody is served for longer than the ten minutes of a stamp.
   */
  readonly membershipGraceMs?: number;
  /** How long a connection of another peer is kept that shows no membership, milliseconds; 30 s unless given. */
  readonly strangerMs?: number;
  /** How fast this peer may send and receive, by the time of day; without limits unless given. */
  readonly limits?: TransferPlan;
  /**
   * Threads that check what arrives, beside the one that receives it; unless given 1, or 0 on a machine with one core and
   * over a network that is given.
   */
  readonly hashThreads?: number;
  /** TLS as `identity` unless given. One that proves device ids must be of the same device. */
  readonly network?: Network;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Long enough for a failover, short enough to wait for at a prompt. */
const TRACKER_PATIENCE_MS = 10_000;
/** A tracker that is lost in the evening may be looked at in the morning. */
const MEMBERSHIP_GRACE_MS = 24 * 3_600_000;

/**
 * Opens the data folder, listens for other peers and looks for a tracker; resolves before one is found.
 * Fails with `no_pin`, `data_folder_in_use`, and with what listening and `loadOrCreateIdentity` report.
 */
export async function createPeer(options: CreatePeerOptions): Promise<Peer> {
  const {
    clock = createSystemClock(),
    random = createSystemRandom(),
    joinPolicy = async () => 'undecided',
    trackerPatienceMs = TRACKER_PATIENCE_MS,
    limits = {},
    ...rest
  } = options;
  requirePins(options.trackers, options.network ?? { proves: true });
  await mkdir(join(options.dataDir, 'leaves'), { recursive: true, mode: 0o700 });
  await mkdir(options.downloadDir, { recursive: true });
  await using resources = new AsyncDisposableStack();
  const library = resources.use(openLibrary(join(options.dataDir, 'library.sqlite')));
  const identity = options.identity ?? (await loadOrCreateIdentity({ folder: options.dataDir }));
  const network = options.network ?? createTlsNetwork({ identity, clock });
  const hasher = resources.use(createBlockHasher({ threads: hashThreadsOf(options) }));
  const files = new SharedFiles();
  const paces = resources.use(new Paces(clock));
  paces.follow(limits);
  const uplink = new Uplink({ clock, random, pace: paces.up });
  const gate = gateOf({ ...options, network, clock });
  const served = servePieces({ files, uplink, admission: gate.admission });
  const address = options.listen ?? { host: '127.0.0.1', port: 0 };
  const server = await listenAgain(library, address, (at) =>
    createServer({
      ...{ network, address: at, clock, serve: [served], limits: STRANGER_LIMITS },
      onConnection: (connection) => gate.watch(connection),
    }),
  );
  resources.defer(() => server.close());
  return new PeerNode({
    ...{
      ...rest,
      deviceName: deviceNameOf(options.deviceName ?? hostname()),
      identity,
      network,
      clock,
      random,
      joinPolicy,
      trackerPatienceMs,
    },
    ...{ library, files, uplink, paces, gate, served, server },
    blocks: new ArrivingBlocks(hasher),
    resources: resources.move(),
  });
}

function hashThreadsOf({ hashThreads, network }: CreatePeerOptions): number {
  return hashThreads ?? (network === undefined && availableParallelism() > 1 ? 1 : 0);
}

function gateOf({
  network,
  clock,
  trackers,
  membershipGraceMs: graceMs = MEMBERSHIP_GRACE_MS,
  strangerMs,
}: CreatePeerOptions & { readonly network: Network; readonly clock: Clock }): MembershipGate {
  const trackerIds = network.proves ? trackers.flatMap(({ pin }) => pin ?? []) : undefined;
  return new MembershipGate({ clock, trackerIds, graceMs, strangerMs });
}

/** A tracker without its pin would be anybody: that is refused before anything is opened. */
function requirePins(trackers: readonly PinnedAddress[], network: Pick<Network, 'proves'>): void {
  for (const tracker of trackers) {
    const { expect } = whoToExpect(network, tracker);
    if (expect === undefined || expect.length === DEVICE_ID_BYTES) continue;
    throw new RangeError(`Cannot use a pin of ${expect.length} bytes, expected ${DEVICE_ID_BYTES}`);
  }
}

/** Listens at the port of the last time where any will do: there the other peers look for this one. */
async function listenAgain(
  library: Library,
  { host, port }: Address,
  listen: (address: Address) => Promise<RpcServer>,
): Promise<RpcServer> {
  const [high = 0, low = 0] = library.setting('port', () => Uint8Array.of(0, 0));
  const lastPort = high * 256 + low;
  const server = await listen({ host, port: port === 0 ? lastPort : port }).catch((error: unknown) => {
    // Somebody else listens there now.
    if (port !== 0 || lastPort === 0 || !isListenFailure(error)) throw error;
    return listen({ host, port });
  });
  const taken = server.address.port;
  if (taken !== lastPort) library.putSetting('port', Uint8Array.of(taken >> 8, taken & 255));
  return server;
}

function isListenFailure(error: unknown): boolean {
  return error instanceof RpcError && error.code === 'listen_failed';
}
