import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type Interceptor, RpcError, type RpcLimits } from '@minitorrent/rpc-core';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { createTracker } from '../src/shell/create-tracker.ts';
import { createFakeJournal, turn } from './helpers/fake-journal.ts';
import { createTestFolder } from './helpers/folder.ts';
import { CHEAP, connectPeer, PASSWORD, startTracker } from './helpers/peers.ts';

const network = createTcpNetwork();

describe('createTracker', () => {
  it('lets calls come to their end when it closes, and closes its connections', async () => {
    const journal = createFakeJournal();
    const tracker = await startTracker({ network, journal });
    await using peer = await connectPeer({ network, address: tracker.address });
    const creating = peer.tracker.create_user({
      requestId: new Uint8Array(16),
      userId: 'alice',
      password: PASSWORD,
    });
    while (journal.waiting.length === 0) await turn();
    const closing = tracker.close();
    await journal.flush();
    await creating;
    await Promise.all([closing, tracker.close()]);
    expect(await peer.connection.closed).toEqual({ kind: 'remote' });
    expect(await tracker.stats()).toMatchObject({ mode: 'closed', sessions: 0, durableIndex: 1 });
    await expect(connectPeer({ network, address: tracker.address })).rejects.toMatchObject({
      code: 'connect_failed',
    });
  });

  it('cuts its connections when it must close at once', async () => {
    const journal = createFakeJournal();
    const tracker = await startTracker({ network, journal });
    await using peer = await connectPeer({ network, address: tracker.address });
    const creating = peer.tracker.create_user({
      requestId: new Uint8Array(16),
      userId: 'alice',
      password: PASSWORD,
    });
    const cut = expect(creating).rejects.toMatchObject({
      code: expect.stringMatching(/^(connection_lost|closed)$/),
    });
    while (journal.waiting.length === 0) await turn();
    const closing = tracker.close({ signal: AbortSignal.abort() });
    await cut;
    await journal.flush();
    await closing;
  });

  it('is open again at once where it was closed', async () => {
    await using folder = await createTestFolder();
    for (const users of [0, 1, 1]) {
      await using tracker = await startTracker({ network, dataDir: folder.path });
      expect(await tracker.stats()).toMatchObject({ mode: 'ready', users, pendingWrites: 0 });
      await using peer = await connectPeer({ network, address: tracker.address });
      await peer.signUp('alice');
    }
  });

  it('passes the limits of connections on', async () => {
    const rpcLimits: Partial<RpcLimits> = { unauthenticatedPerAddress: 1 };
    await using tracker = await startTracker({ network, rpcLimits });
    const { address } = tracker;
    await using first = await connectPeer({ network, address });
    await first.connection.opened;
    // Refused while it connects, or just after: both are the same refusal.
    const second = connectPeer({ network, address }).then((peer) => peer.connection.opened);
    await expect(second).rejects.toMatchObject({ name: 'RpcError' });
    await first.signUp('alice');
    await using third = await connectPeer({ network, address });
    await third.connection.opened;
  });

  it('tells what happens, and shows every call with the failure that its caller sees', async () => {
    const log: unknown[] = [];
    const calls: string[] = [];
    const note: Interceptor = async ({ method }, next) => {
      let outcome = 'ok';
      try {
        await next();
      } catch (error) {
        outcome = error instanceof RpcError ? error.code : 'unknown';
        throw error;
      } finally {
        calls.push(`${method} ${outcome}`);
      }
    };
    await using tracker = await startTracker({
      network,
      interceptors: [note],
      onLog: (entry) => log.push(entry),
      rpcLimits: { unauthenticatedPerAddress: 1 },
    });
    const { address } = tracker;
    await using peer = await connectPeer({ network, address });
    await peer.connection.opened;
    const second = connectPeer({ network, address }).then((refused) => refused.connection.opened);
    await expect(second).rejects.toMatchObject({ name: 'RpcError' });
    const login = { userId: 'alice', password: PASSWORD, deviceId: new Uint8Array(32) };
    await expect(peer.tracker.login(login)).rejects.toMatchObject({ code: 'wrong_password' });
    await peer.signUp('alice');
    expect(log).toMatchObject([
      { kind: 'connection_refused', reason: 'too_many_unauthenticated' },
      { kind: 'login_failed', userId: 'alice', host: '127.0.0.1' },
      { kind: 'logged_in', userId: 'alice', host: '127.0.0.1' },
    ]);
    expect(calls).toEqual(['login wrong_password', 'create_user ok', 'login ok']);
  });

  it('speaks TLS as the device whose key lies in its folder, unless it is given a network', async () => {
    await using folder = await createTestFolder();
    const start = () =>
      createTracker({ address: { host: '127.0.0.1', port: 0 }, dataDir: folder.path, limits: CHEAP });
    const first = await start();
    await first.close();
    await using tracker = await start();
    expect(tracker.deviceId).toEqual(first.deviceId);
    expect((await stat(join(folder.path, 'identity.pem'))).mode & 0o777).toBe(0o600);
    const identity = createIdentity();
    const tls = createTlsNetwork({ identity });
    const channel = await tls.connect(tracker.address, { expect: first.deviceId });
    channel.destroy();
    await using peer = await connectPeer({
      network: tls,
      address: tracker.address,
      deviceId: identity.deviceId,
    });
    await peer.signUp('alice');
  });

  it('leaves no folder behind where it cannot listen', async () => {
    await using folder = await createTestFolder();
    await using other = await startTracker({ network });
    const dataDir = join(folder.path, 'made', 'for-it');
    await expect(createTracker({ network, dataDir, address: other.address })).rejects.toMatchObject({
      code: 'listen_failed',
    });
    expect(await readdir(folder.path)).toEqual([]);
  });

  it('keeps a snapshot by itself, and starts from it again', async () => {
    const storage: MemoryStorage = { records: [], snapshot: undefined };
    const compaction = { leastBytes: 1, keepEntries: 2 };
    const tracker = await startTracker({ network, journal: createMemoryJournal(storage), compaction });
    const peer = await connectPeer({ network, address: tracker.address });
    await peer.signUp('alice');
    for (let at = 0; at < 5; at += 1) await peer.createGroup(`group-${at}`);
    await expect.poll(() => storage.snapshot?.position.index).toBeGreaterThan(0);
    await peer[Symbol.asyncDispose]();
    await tracker.close();
    await using again = await startTracker({ network, journal: createMemoryJournal(storage) });
    expect(await again.stats()).toMatchObject({ users: 1, groups: 5, durableIndex: 7 });
  });

  it('refuses a journal that is not whole, and lets go of its folder', async () => {
    await using folder = await createTestFolder();
    await using first = await startTracker({ network, dataDir: folder.path });
    await using peer = await connectPeer({ network, address: first.address });
    await peer.signUp('alice');
    await first.close();
    await folder.write('journal.sqlite', 'overwritten by something else, '.repeat(300));
    for (let round = 0; round < 2; round += 1) {
      await expect(startTracker({ network, dataDir: folder.path })).rejects.toMatchObject({
        code: 'journal_corrupt',
      });
    }
  });
});
