import { randomBytes } from 'node:crypto';
import { createManifest, createMemoryStore } from '@minitorrent/chunk-store';
import { createConnection, createSystemClock, createSystemRandom, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { Pace } from '../src/shell/pace.ts';
import type { PeerPool } from '../src/shell/peer-pool.ts';
import { SwarmRunner } from '../src/shell/swarm-runner.ts';
import { peerId } from '../src/swarm-events.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { corrupting, honest } from './support/rogues.ts';

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
});
