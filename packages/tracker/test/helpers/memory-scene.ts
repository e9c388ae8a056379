/** A tracker and its peers in one process, on a clock that the test moves. */
import { createMemoryNetwork, type MemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import type { Tracker, TrackerOptions } from '../../src/shell/create-tracker.ts';
import { connectPeer, newDeviceId, type PeerOptions, startTracker, type TestPeer } from './peers.ts';

export interface PlacedPeerOptions extends Partial<PeerOptions> {
  readonly host?: string;
  /** The connection proves the device. */
  readonly isProved?: boolean;
}

export interface MemoryScene extends AsyncDisposable {
  readonly tracker: Tracker;
  readonly clock: ManualClock;
  readonly network: MemoryNetwork;
  /** A peer at `host`. */
  connect(options?: PlacedPeerOptions): Promise<TestPeer>;
  /** A peer that is logged in; users that do not exist are created. */
  logIn(userId: string, options?: PlacedPeerOptions): Promise<TestPeer>;
}

export async function createMemoryScene(options: Partial<TrackerOptions> = {}): Promise<MemoryScene> {
  const network = createMemoryNetwork();
  const clock = createManualClock();
  const tracker = await startTracker({ network, clock, ...options });
  const peers: TestPeer[] = [];
  const connect: MemoryScene['connect'] = async ({ host = 'memory', isProved = false, ...more } = {}) => {
    const { deviceId = newDeviceId() } = more;
    const local = network.from(host, isProved ? deviceId : undefined);
    const peer = await connectPeer({ network: local, clock, address: tracker.address, ...more, deviceId });
    peers.push(peer);
    return peer;
  };
  return {
    tracker,
    clock,
    network,
    connect,
    logIn: async (userId, more) => {
      const peer = await connect(more);
      await peer.signUp(userId);
      return peer;
    },
    [Symbol.asyncDispose]: async () => {
      for (const peer of peers) await peer[Symbol.asyncDispose]();
      await tracker.close();
    },
  };
}
