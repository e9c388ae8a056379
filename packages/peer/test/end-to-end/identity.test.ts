/** Real trackers and peers over TLS, where everybody proves which device they are. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createManifest } from '@minitorrent/chunk-store';
import { createServer, createSystemClock, serve } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { describe, expect, it, vi } from 'vitest';
import { peerContract } from '../../src/contract.ts';
import type { PeerEvents } from '../../src/index.ts';
import { Cluster, GROUP } from '../support/cluster.ts';
import { startRelay } from '../support/relay.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(1_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });

describe('peers and a tracker over TLS', () => {
  it('exchange a file', async () => {
    await using cluster = await Cluster.startSecure();
    const alice = await cluster.admin('alice');
    const bob = await cluster.member('bob');
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  });

  it('ask nothing of another device that answers at the address of a peer', async () => {
    await using cluster = await Cluster.startSecure();
    await cluster.admin('alice');
    const bob = await cluster.member('bob');
    const onConnection = vi.fn();
    await using impostor = await createServer({
      network: createTlsNetwork({ identity: createIdentity() }),
      clock: createSystemClock(),
      address: { host: '127.0.0.1', port: 0 },
      serve: [serve(peerContract, honest(manifest, bytes))],
      onConnection,
      trusted: true,
    });
    await using way = await startRelay(impostor.address);
    await cluster.listed(manifest);
    await cluster.holder('carol', manifest, way.address.port);
    const download = await bob.downloadFile(GROUP, 'a.bin');
    // The second attempt comes when the first one is over.
    await vi.waitFor(() => expect(way.connections).toBeGreaterThan(1), 20_000);
    expect(onConnection).not.toHaveBeenCalled();
    expect(download.progress().verifiedPieces).toBe(0);
  });

  it('do not speak to another device that answers at the address of the tracker, and say so', async () => {
    await using cluster = await Cluster.startSecure();
    const [{ host, port } = cluster.tracker.address] = cluster.addresses;
    const trackers = [{ host, port, pin: createIdentity().deviceId }];
    const peer = await cluster.peer('alice', { trackers, trackerPatienceMs: 500 });
    const lost = new Promise<PeerEvents['tracker-lost'][0]>((resolve) => peer.on('tracker-lost', resolve));
    await expect(peer.createUser('alice', 'correct horse battery')).rejects.toMatchObject({
      code: 'tracker_unreachable',
      cause: { code: 'wrong_identity' },
    });
    expect(await lost).toEqual({
      address: { host, port },
      reason: expect.stringContaining(`Cannot connect to ${host}:${port}: it is `),
      code: 'wrong_identity',
    });
  });
});
