/**
 * A download with its real runner and connections, from peers in the same process, on a clock that the test moves: what
 * they do takes the time that the test says.
 */
import { randomBytes } from 'node:crypto';
import type { ChunkStore } from '@minitorrent/chunk-store';
import { createServer, type Served } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import type { ManualClock } from '@minitorrent/rpc-core/testing';
import { type PeerPlace, peerOfDevice } from '../../src/peer-place.ts';
import type { Pace } from '../../src/shell/pace.ts';
import { PeerPool } from '../../src/shell/peer-pool.ts';
import { SwarmRunner } from '../../src/shell/swarm-runner.ts';
import type { PeerId, SwarmEvent, SwarmWaitingReason } from '../../src/swarm-events.ts';
import { admitAnybody } from './admit-anybody.ts';
import { inlineBlocks } from './inline-blocks.ts';
import { createSeededRandom } from './seeded-random.ts';

export interface SwarmSceneOptions {
  readonly clock: ManualClock;
  readonly store: ChunkStore;
  /** What each of the peers serves. */
  readonly peers: readonly (readonly Served[])[];
  readonly downPace?: Pace;
  onHave?(indices: readonly number[]): void;
}

export interface SwarmScene extends AsyncDisposable {
  /** Everything that was told to the swarm, in order. */
  readonly events: readonly SwarmEvent[];
  readonly banned: readonly PeerId[];
  /** What the download said of why it waits, in order. */
  readonly reasons: readonly SwarmWaitingReason[];
  /** Resolves when all pieces are here; rejects when the store fails. */
  readonly completed: Promise<void>;
}

/** Starts the download, which knows of all peers at once. */
export async function startSwarm(options: SwarmSceneOptions): Promise<SwarmScene> {
  const { clock, store, peers, downPace } = options;
  const network = createMemoryNetwork();
  const places = new Map<PeerId, PeerPlace>();
  const servers = await Promise.all(
    peers.map((serve, place) => {
      const [deviceId, address] = [randomBytes(32), { host: `peer-${place}`, port: 1 }];
      places.set(peerOfDevice(deviceId), { ...address, deviceId });
      return createServer({ network, clock, address, serve, trusted: true });
    }),
  );
  const pool = new PeerPool({
    ...{ network, clock, admission: admitAnybody, serve: [], blocks: inlineBlocks() },
    connectTimeoutMs: 5_000,
  });
  const events: SwarmEvent[] = [];
  const banned: PeerId[] = [];
  const reasons: SwarmWaitingReason[] = [];
  const completed = Promise.withResolvers<void>();
  const runner = new SwarmRunner({
    ...{ groupId: 'films', store, pool, clock, random: createSeededRandom(1), strategy: 'rarest-first' },
    ...(downPace === undefined ? {} : { downPace }),
    onEvent: (event) => events.push(event),
    onWaiting: (reason) => reasons.push(reason),
    onBanned: (peer) => banned.push(peer),
    onHave: (indices) => options.onHave?.(indices),
    onNeedPeers: () => undefined,
    onStoreError: (error) => completed.reject(error),
    onCompleted: () => completed.resolve(),
  });
  runner.start(undefined);
  runner.peersFound(places);
  return {
    ...{ events, banned, reasons, completed: completed.promise },
    async [Symbol.asyncDispose]() {
      pool.close();
      await Promise.all(servers.map((server) => server.close({ signal: AbortSignal.abort() })));
      await runner.close();
    },
  };
}
