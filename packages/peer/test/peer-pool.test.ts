import { createServer, type Network, RpcError } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import type { Admission } from '../src/admission.ts';
import type { PeerPlace } from '../src/peer-place.ts';
import { type Lease, PeerPool } from '../src/shell/peer-pool.ts';
import { admitAnybody } from './support/admit-anybody.ts';
import { inlineBlocks } from './support/inline-blocks.ts';

const [me, bob, eve] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
]; // Three of them, as the list above.
const address = { host: 'bob', port: 1 };
const clock = createManualClock();

/** A server on `network`, a pool on `ours`, and what comes of a lease on the device `wanted` at the server's address. */
async function acquire(
  network: Network,
  ours: Network,
  wanted: Uint8Array,
  admission: Admission = admitAnybody,
) {
  const onConnection = vi.fn();
  const server = await createServer({ network, clock, address, onConnection, trusted: true });
  const pool = new PeerPool({
    network: ours,
    clock,
    admission,
    serve: [],
    blocks: inlineBlocks(),
    connectTimeoutMs: 5_000,
  });
  const place: PeerPlace = { ...address, deviceId: wanted };
  const lease = pool.acquire('films', place, new AbortController().signal);
  const [outcome] = await clock.runUntilSettled(Promise.allSettled<Lease>([lease]));
  await clock.advanceAsync(0);
  const open = server.connections.size;
  pool.close();
  await clock.runUntilSettled(server.close({ signal: AbortSignal.abort() }));
  return { outcome, onConnection, open };
}

describe('PeerPool', () => {
  it('connects to the device that a tracker named', async () => {
    const network = createMemoryNetwork();
    const { outcome, open } = await acquire(network.from('bob', bob), network.from('me', me), bob);
    expect(outcome).toMatchObject({ status: 'fulfilled' });
    expect(open).toBe(1);
  });

  it('asks nothing of another device that answers at its address', async () => {
    const network = createMemoryNetwork();
    const { outcome, onConnection } = await acquire(network.from('bob', eve), network.from('me', me), bob);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'wrong_identity' } });
    expect(onConnection).not.toHaveBeenCalled();
  });

  it('lends no connection that is not admitted to the group, and keeps none', async () => {
    const network = createMemoryNetwork();
    const enter = vi.fn(() => Promise.reject(new RpcError('not_a_member', 'Cannot enter films')));
    const admission = { ...admitAnybody, enter };
    const { outcome, open } = await acquire(network, network, bob, admission);
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'not_a_member' } });
    expect(enter).toHaveBeenCalledExactlyOnceWith(expect.anything(), 'films', expect.anything());
    expect(open).toBe(0);
  });

  it('takes whoever answers on a network that proves nothing', async () => {
    const network = createMemoryNetwork();
    const { outcome } = await acquire(network, network, bob);
    expect(outcome).toMatchObject({ status: 'fulfilled' });
  });
});
