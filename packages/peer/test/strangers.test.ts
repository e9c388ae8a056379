/** That nobody keeps a place at a peer who shows no membership: seen from outside, by the peer's own clock. */
import { randomBytes } from 'node:crypto';
import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Connection, createConnection, createSystemClock } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { createIdentity } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { type CreatePeerOptions, createPeer } from '../src/index.ts';
import { STRANGER_MS } from '../src/message-limits.ts';

describe('a peer', () => {
  it('closes a connection over which nothing is shown, says why, and takes the next one', async () => {
    await using scene = await setUp();
    const silent = await scene.connect();
    await scene.passes(STRANGER_MS - 1);
    expect(silent.signal.aborted).toBe(false);
    await scene.passes(1);
    await expect(silent.closed).resolves.toMatchObject({
      kind: 'failed',
      error: { code: 'not_admitted', remote: true, message: expect.stringContaining('membership') },
    });
    const next = await scene.connect();
    expect(next.signal.aborted).toBe(false);
  });

  it('gives no more time to whom it refuses', async () => {
    await using scene = await setUp({ strangerMs: 1_000 });
    const refused = await scene.connect();
    await scene.passes(999);
    await expect(shows(refused)).rejects.toMatchObject({ code: 'not_admitted', remote: true });
    expect(refused.signal.aborted).toBe(false);
    await scene.passes(1);
    await expect(refused.closed).resolves.toMatchObject({ error: { code: 'not_admitted' } });
  });

  it('has places again for an address that took all it may', async () => {
    await using scene = await setUp();
    const all = await Promise.all(Array.from({ length: 10 }, () => scene.connect()));
    await expect(scene.connect()).rejects.toMatchObject({ code: expect.any(String) });
    await scene.passes(STRANGER_MS);
    await Promise.all(all.map(({ closed }) => closed));
    await expect(scene.connect()).resolves.toBeDefined();
  });
});

/** A peer whose trackers are away, on a clock of its own, and somebody on a device that nobody let in. */
async function setUp(options: Partial<CreatePeerOptions> = {}) {
  await using resources = new AsyncDisposableStack();
  const folder = resources.use(await mkdtempDisposable(join(tmpdir(), 'minitorrent-strangers-')));
  const network = createMemoryNetwork();
  const clock = createManualClock();
  const identity = createIdentity();
  const peer = await createPeer({
    ...{ clock, identity, network: network.from('peer', identity.deviceId) },
    listen: { host: 'peer', port: 1 },
    trackers: [{ host: 'nowhere', port: 1, pin: randomBytes(32) }],
    dataDir: join(folder.path, 'data'),
    downloadDir: join(folder.path, 'downloads'),
    ...options,
  });
  resources.defer(() => clock.runUntilSettled(peer.close()));
  const stranger = createIdentity();
  const open = resources.move();
  return {
    connect: async (): Promise<Connection> => {
      const channel = await network.from('stranger', stranger.deviceId).connect(peer.address);
      const connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
      open.defer(() => connection.abort());
      await connection.opened;
      return connection;
    },
    passes: (ms: number) => clock.advanceAsync(ms),
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}

async function shows(connection: Connection): Promise<unknown> {
  const nothing = { groupId: 'films', proof: new Uint8Array(10), stamp: new Uint8Array(10) };
  return await connection.client(peerContract).present_membership(nothing);
}
