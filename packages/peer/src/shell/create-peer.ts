/**
 * Puts a peer together from its parts, and chooses the defaults: the system's clock and randomness, and TCP.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Address, Clock, Network, Random } from '@minitorrent/rpc-core';
import { createServer, createSystemClock, createSystemRandom } from '@minitorrent/rpc-core';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import type { JoinPolicy, Peer } from '../peer.ts';
import { openLibrary } from './library.ts';
import { PeerNode } from './peer-node.ts';
import { servePieces } from './serve-pieces.ts';
import { SharedFiles } from './shared-files.ts';
import { Uplink } from './uplink.ts';

export interface CreatePeerOptions {
  /** The trackers in order of preference, at least one. */
  readonly trackers: readonly Address[];
  /** Where the peer keeps its library; created if it is not there. One process at a time. */
  readonly dataDir: string;
  /** Where finished downloads go unless told otherwise; created if it is not there. */
  readonly downloadDir: string;
  /** Where other peers reach this one; any free port on loopback by default. */
  readonly listen?: Address;
  /** Decides on requests to join a group of this user; without it they wait for `acceptRequest`. */
  readonly joinPolicy?: JoinPolicy;
  /** How long a call looks for a tracker that answers, milliseconds. */
  readonly trackerPatienceMs?: number;
  readonly network?: Network;
  readonly clock?: Clock;
  readonly random?: Random;
}

/** Long enough for a failover, short enough to wait for at a prompt. */
const TRACKER_PATIENCE_MS = 10_000;

/**
 * Opens the data folder, listens for other peers and looks for a tracker; resolves before one is found.
 * Fails with `data_folder_in_use`, and with what listening reports.
 */
export async function createPeer(options: CreatePeerOptions): Promise<Peer> {
  const {
    network = createTcpNetwork(),
    clock = createSystemClock(),
    random = createSystemRandom(),
    joinPolicy = async () => 'undecided',
    trackerPatienceMs = TRACKER_PATIENCE_MS,
  } = options;
  await mkdir(join(options.dataDir, 'leaves'), { recursive: true, mode: 0o700 });
  await mkdir(options.downloadDir, { recursive: true });
  await using resources = new AsyncDisposableStack();
  const library = resources.use(openLibrary(join(options.dataDir, 'library.sqlite')));
  const files = new SharedFiles(clock);
  const uplink = new Uplink({ clock, random });
  const served = servePieces(files, uplink);
  const address = options.listen ?? { host: '127.0.0.1', port: 0 };
  const server = await createServer({ network, address, clock, serve: [served], trusted: true });
  resources.defer(() => server.close());
  return new PeerNode({
    ...{ ...options, network, clock, random, joinPolicy, trackerPatienceMs },
    ...{ library, files, uplink, served, server, resources: resources.move() },
  });
}
