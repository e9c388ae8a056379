/** Two real trackers as one, of which one dies, and a device that goes on by its key. */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import {
  createMemoryJournal,
  createMemoryRegister,
  createTracker,
  RegisterCell,
  type Tracker,
} from '@minitorrent/tracker';
import { expect, it, vi } from 'vitest';
import { createPeer } from '../../src/index.ts';
import { PASSWORD } from '../support/group-scene.ts';

const SOON = { timeout: 20_000 };

it('a device gives its password to one tracker of a pair, and goes on at the other when that one dies', async () => {
  await using resources = new AsyncDisposableStack();
  const dataDir = await mkdtemp(join(tmpdir(), 'minitorrent-pair-'));
  resources.defer(() => rm(dataDir, { recursive: true }));
  const network = createMemoryNetwork();
  const register = createMemoryRegister(new RegisterCell());
  const clusterId = randomBytes(16);
  const identities = [createIdentity(), createIdentity()];
  const places = identities.map(({ deviceId: pin }, at) => ({ host: 'tracker', port: 1 + at, pin }));
  const asked: string[] = [];
  const trackers: Tracker[] = [];
  for (const [at, identity] of identities.entries()) {
    const { host, port } = places[at] ?? { host: '', port: 0 };
    const tracker = await createTracker({
      ...{ network: network.from(host, identity.deviceId), address: { host, port }, identity },
      ...{
        journal: createMemoryJournal({ records: [], snapshot: undefined, storeId: randomBytes(16) }),
        limits: { argon2MemoryKib: 64, argon2Passes: 1 },
      },
      cluster: { clusterId, register, peers: places.filter((_, other) => other !== at) },
      interceptors: [
        ({ method }, next) => {
          asked.push(`${at} ${method}`);
          return next();
        },
      ],
    });
    resources.defer(() => tracker.close({ signal: AbortSignal.abort() }));
    trackers.push(tracker);
    if (at === 0) await vi.waitFor(() => expect(tracker.status().role).toBe('primary'), SOON);
  }
  await vi.waitFor(() => expect(trackers[1]?.status().role).toBe('backup'), SOON);
  const identity = createIdentity();
  const alice = await createPeer({
    ...{ identity, network: network.from('alice', identity.deviceId), trackers: places },
    ...{ listen: { host: 'alice', port: 1 }, dataDir, downloadDir: dataDir },
  });
  resources.use(alice);
  await alice.createUser('alice', PASSWORD);
  await alice.login('alice', PASSWORD);
  await vi.waitFor(() => expect(asked).toContain('1 resume_session'), SOON);
  await trackers[0]?.close({ signal: AbortSignal.abort() });
  await alice.createGroup('films');
  expect((await alice.listMembers('films')).items).toMatchObject([{ deviceIds: [alice.deviceId] }]);
  expect(asked.filter((call) => call.endsWith(' login'))).toEqual(['0 login']);
});
