import { randomBytes } from 'node:crypto';
import { createManifest, createMemoryStore } from '@minitorrent/chunk-store';
import { createConnection, createSystemClock, createSystemRandom, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { Pace } from '../src/shell/pace.ts';
import type { PeerPool } from '../src/shell/peer-pool.ts';
import { SwarmRunner } from '../src/shell/swarm-runner.ts';
import { peerId } from '../src/swarm-events.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { corrupting, honest } from './support/rogues.ts';
import { startSwarm } from './support/swarm-scene.ts';

const bytes = randomBytes(1_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });

describe('SwarmRunner', () => {
  it('ends all calls to a peer that it bans, and leaves the connection to others', async () => {
    const [network, clock] = [createMemoryNetwork(), createSystemClock()];
    const [asked, ended] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let calls = 0;
    const handlers = honest(manifest, bytes, {
      async *send_pieces(request, context) {
        calls += 1;
        if (calls === 1) {
          await asked.promise;
          yield* corrupting(manifest, bytes)(request, context);
          return;
        }
        asked.resolve();
        await new Promise<void>((resolve) => context.signal.addEventListener('abort', () => resolve()));
        ended.resolve();
      },
    });
    await network.listen({ host: 'liar', port: 1 }, (channel) =>
      createConnection({ channel, clock, serve: [serve(peerContract, handlers)], trusted: true }),
    );
    const channel = await network.connect({ host: 'liar', port: 1 });
    await using connection = createConnection({ channel, clock, trusted: true });
    const admitted = new AbortController().signal;
    // Somebody else has a lease too, so that nothing closes when this one is given back.
    const pool: Pick<PeerPool, 'acquire' | 'blocks'> = {
      blocks: inlineBlocks(),
      acquire: async () => ({ connection, admitted, release: () => undefined }),
    };
    await using store = createMemoryStore({ manifest });
    const banned = Promise.withResolvers<string>();
    const nothing = (): void => undefined;
    const runner = new SwarmRunner({
      ...{ groupId: 'films', store, clock, random: createSystemRandom(), strategy: 'rarest-first' },
      downPace: new Pace(clock),
      // Of a pool it takes leases, and the memory of their connections.
      pool: pool as PeerPool,
      ...{ onEvent: nothing, onWaiting: nothing, onHave: nothing, onNeedPeers: nothing },
      ...{ onStoreError: nothing, onCompleted: nothing },
      onBanned: (peer) => banned.resolve(peer),
    });
    const liar = peerId('liar');
    const deviceId = new Uint8Array(32);
    runner.peersFound(new Map([[liar, { host: 'liar', port: 1, deviceId }]]));
    expect(await banned.promise).toBe(liar);
    await ended.promise;
    expect(connection.signal.aborted).toBe(false);
    await runner.close();
  });

  it.each([
    { atStart: manifest.pieceLength, later: manifest.pieceLength, pieces: 2 },
    { atStart: undefined, later: manifest.pieceLength, pieces: 2 },
    { atStart: manifest.pieceLength, later: undefined, pieces: 4 },
  ])('asks for $pieces pieces at once where the limit is $later', async ({ atStart, later, pieces }) => {
    const clock = createManualClock();
    const downPace = new Pace(clock);
    downPace.bytesPerSecond = atStart;
    let asked = 0;
    const handlers = honest(manifest, bytes, {
      async *send_pieces({ maxPieces }, { signal }) {
        asked += maxPieces;
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
      },
    });
    await using store = createMemoryStore({ manifest });
    const peers = [[serve(peerContract, handlers)]];
    await using _scene = await startSwarm({ clock, store, downPace, peers });
    downPace.bytesPerSecond = later;
    await clock.advanceAsync(100);
    expect(asked).toBe(pieces);
  });

  it.each([16, 40])('comes at %i KiB a second where that is the limit', async (kib) => {
    const clock = createManualClock();
    const downPace = new Pace(clock);
    downPace.bytesPerSecond = kib * 1024;
    const peers = [1, 2, 3].map(() => [serve(peerContract, honest(manifest, bytes))]);
    await using store = createMemoryStore({ manifest });
    await using scene = await startSwarm({ clock, store, downPace, peers });
    await clock.runUntilSettled(scene.completed);
    const bytesPerMs = bytes.length / clock.now();
    expect(Math.abs(bytesPerMs / ((kib * 1024) / 1_000) - 1)).toBeLessThan(0.03);
    const cost = scene.events.reduce(
      (sum, each) => sum + (each.kind === 'bytes_received' ? each.bytes : 0),
      0,
    );
    expect(cost).toBe(bytes.length);
    expect(scene.banned).toEqual([]);
  });
});
