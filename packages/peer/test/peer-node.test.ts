/** What a peer answers to a tracker that does what no tracker should. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Connection,
  createServer,
  createSystemClock,
  type Handlers,
  RpcError,
  serve,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { createIdentity, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
import { trackerCallbacks, trackerContract } from '@minitorrent/tracker/contract';
import { describe, expect, it } from 'vitest';
import { createPeer, type Peer } from '../src/index.ts';

type TrackerHandlers = Handlers<typeof trackerContract>;
type Login = TrackerHandlers['login'];

describe('createPeer', () => {
  const folders = { dataDir: '/nowhere/data', downloadDir: '/nowhere/downloads' };
  const tracker = { host: 'tracker', port: 1 };

  it('refuses a tracker without its pin, where the network would prove who answers', async () => {
    const network = createMemoryNetwork().from('peer', new Uint8Array(32));
    for (const proving of [{}, { network }]) {
      const creating = createPeer({ ...folders, ...proving, trackers: [tracker] });
      await expect(creating).rejects.toMatchObject({ code: 'no_pin' });
    }
  });

  it('is the device of the identity that it is given, and otherwise of the key in its data folder', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'minitorrent-peer-'));
    const options = { dataDir, downloadDir: dataDir, trackers: [tracker], network: createMemoryNetwork() };
    const identity = createIdentity();
    await using given = await createPeer({ ...options, identity });
    expect(given.deviceId).toEqual(identity.deviceId);
    await given.close();
    await using kept = await createPeer(options);
    expect(kept.deviceId).toEqual((await loadOrCreateIdentity({ folder: dataDir })).deviceId);
    await kept.close();
    await rm(dataDir, { recursive: true });
  });

  it('leaves nothing behind that would keep a process alive where it cannot listen', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'minitorrent-peer-'));
    const [network, clock] = [createMemoryNetwork(), createManualClock()];
    const listen = { host: 'peer', port: 1 };
    const taken = await network.listen(listen, (channel) => channel.destroy());
    const limits = { schedule: [{ fromMinute: 0, toMinute: 1, upBytesPerSecond: 65_536 }] };
    const options = { dataDir, downloadDir: dataDir, trackers: [tracker], network, clock, listen, limits };
    await expect(createPeer(options)).rejects.toMatchObject({ code: 'listen_failed' });
    expect(clock.scheduledTasks).toBe(0);
    await taken.close();
    const peer = await createPeer(options);
    expect(clock.scheduledTasks).toBeGreaterThan(0);
    await peer.close();
    peer.limitTransfers(limits);
    expect(clock.scheduledTasks).toBe(0);
    await rm(dataDir, { recursive: true });
  });

  it('refuses a pin that is no device id', async () => {
    const trackers = [{ ...tracker, pin: new Uint8Array(31) }];
    await expect(createPeer({ ...folders, trackers })).rejects.toThrow('a pin of 31 bytes, expected 32');
  });
});

describe('a peer', () => {
  it('lets a known user in where the only tracker that answers is a backup that knows too little', async () => {
    let logins = 0;
    await using scene = await createScene(async () => {
      logins += 1;
      if (logins > 1) throw new RpcError('not_primary', 'This tracker is a backup');
      return { memberships: [], mayBeStale: false };
    });
    await scene.peer.login('alice', 'correct horse battery');
    const again = await scene.restart();
    await expect(again.login('bob', 'correct horse battery')).rejects.toMatchObject({ code: 'not_primary' });
    const offline = new Promise((resolve) => again.on('offline', resolve));
    await again.login('alice', 'correct horse battery');
    expect(await offline).toEqual({ userId: 'alice' });
  });

  it('answers unknown_download to a make_file that nobody waits for, logged in or not', async () => {
    const connections: Connection[] = [];
    await using scene = await createScene(async (_, { connection }) => {
      connections.push(connection);
      return { memberships: [], mayBeStale: false };
    });
    await scene.peer.login('alice', 'correct horse battery');
    const file = { name: 'a.bin', size: 1, pieceLength: 65_536, root: randomBytes(32) };
    const makeFile = async (): Promise<unknown> =>
      connections[0]
        ?.client(trackerCallbacks)
        .make_file({ groupId: 'films', file, sharedBy: 'bob', peers: [] });
    await expect(makeFile()).rejects.toMatchObject({ code: 'unknown_download', remote: true });
    await scene.peer.logout();
    await expect(makeFile()).rejects.toMatchObject({ code: 'unknown_download', remote: true });
  });

  it.each([
    ['tries again', 'an error that no login has', 'unknown_user', 'alice'],
    ['logs its user out', 'wrong_password', 'wrong_password', undefined],
  ])('%s when a tracker answers its login after a lost connection by %s', async (_, _what, code, userId) => {
    let logins = 0;
    const connections: Connection[] = [];
    await using scene = await createScene(async (_request, { connection }) => {
      connections.push(connection);
      logins += 1;
      if (logins === 2) throw new RpcError(code, 'Cannot log in');
      return { memberships: [], mayBeStale: false };
    });
    await scene.peer.login('alice', 'correct horse battery');
    const back = new Promise((resolve) =>
      scene.peer.on('tracker-connected', (event) => resolve(event.userId)),
    );
    connections[0]?.abort();
    expect(await back).toBe(userId);
    expect(scene.peer.userId).toBe(userId);
  });
});

interface Scene extends AsyncDisposable {
  readonly peer: Peer;
  /** Another peer on the folder of the first one, which is closed. */
  restart(): Promise<Peer>;
}

/** A peer that is not logged in, and a tracker that answers nothing but logins, and logouts. */
async function createScene(login: Login): Promise<Scene> {
  await using resources = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'minitorrent-peer-'));
  resources.defer(() => rm(folder, { recursive: true }));
  const network = createMemoryNetwork();
  const clock = createSystemClock();
  const known: Partial<TrackerHandlers> = {
    login,
    logout: async () => ({}),
    announce: async () => ({ intervalMs: 180_000, swarms: [] }),
  };
  const handlers = new Proxy(known, {
    get: (_, name) =>
      Reflect.get(known, name) ?? (() => Promise.reject(new Error(`Unexpected ${String(name)}`))),
  }) as TrackerHandlers; // Every name is answered by the proxy.
  const address = { host: 'tracker', port: 1 };
  const served = [serve(trackerContract, handlers)];
  resources.use(await createServer({ network, clock, address, serve: served, trusted: true }));
  const open = async (): Promise<Peer> => {
    const opened = await createPeer({
      trackers: [address],
      dataDir: join(folder, 'data'),
      downloadDir: join(folder, 'downloads'),
      listen: { host: 'peer', port: 1 },
      network,
      trackerPatienceMs: 1_500,
    });
    return opened;
  };
  const peer = await open();
  resources.use(peer);
  const owned = resources.move();
  const restart = async (): Promise<Peer> => {
    await peer.close();
    const again = await open();
    owned.use(again);
    return again;
  };
  return { peer, restart, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
