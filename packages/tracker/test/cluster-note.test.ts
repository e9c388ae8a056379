/** What a data folder remembers of its cluster, and what that keeps an operator from. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { createMemoryRegister, type Register, RegisterCell } from '../src/register.ts';
import { openStanding, readClusterId } from '../src/shell/cluster-note.ts';
import { createTracker, type Tracker } from '../src/shell/create-tracker.ts';
import { createTestFolder, type TestFolder } from './helpers/folder.ts';
import { CHEAP, connectPeer } from './helpers/peers.ts';
import { chain } from './journal-contract.ts';

const ours = new Uint8Array(16).fill(1);
const theirs = new Uint8Array(16).fill(2);
const empty = createMemoryJournal();
const full = createMemoryJournal({ records: chain(2), snapshot: undefined });
let place: TestFolder;
const folder = (): string => place.path;

beforeEach(async () => {
  place = await createTestFolder();
});
afterEach(() => place[Symbol.asyncDispose]());

describe('the note of a cluster', () => {
  it('makes an empty folder fresh, and what it has later is the cluster’s', async () => {
    expect((await openStanding(folder(), ours, empty)).kind).toBe('fresh');
    expect((await openStanding(folder(), ours, full)).kind).toBe('member');
  });

  it('remembers that data became the cluster’s', async () => {
    const standing = await openStanding(folder(), ours, full);
    expect(standing.kind).toBe('own');
    standing.onMember();
    await expect.poll(() => readFile(join(folder(), 'cluster.json'), 'utf8')).toContain('"isMember":true');
    expect((await openStanding(folder(), ours, full)).kind).toBe('member');
  });

  it('refuses the folder of another cluster, and a damaged note', async () => {
    await openStanding(folder(), ours, empty);
    await expect(openStanding(folder(), theirs, empty)).rejects.toMatchObject({ code: 'wrong_cluster' });
    expect(await readClusterId(folder())).toBe('01'.repeat(16));
    await writeFile(join(folder(), 'cluster.json'), '{');
    await expect(openStanding(folder(), ours, empty)).rejects.toMatchObject({ code: 'journal_corrupt' });
  });
});

describe('a data folder', () => {
  it('of a cluster does not start alone', async () => {
    const register = createMemoryRegister();
    const tracker = await start({ register });
    await tracker.close();
    await expect(start()).rejects.toMatchObject({ code: 'wrong_cluster' });
  });

  it('with data of its own founds a cluster, and keeps its users', async () => {
    const alone = await start();
    await signUp(alone, 'alice');
    await alone.close();
    const cell = new RegisterCell();
    await using founder = await start({ register: createMemoryRegister(cell) });
    await expect.poll(() => founder.status().role).toBe('primary');
    await signUp(founder, 'bob');
    expect(await founder.stats()).toMatchObject({ users: 2 });
  });

  it('with data of its own refuses to follow a cluster that others founded', async () => {
    const alone = await start();
    await signUp(alone, 'alice');
    await alone.close();
    const other = 'ab'.repeat(16);
    const cell = new RegisterCell({ epoch: 1, primary: other, inSync: [other] });
    await using refusing = await start({ register: createMemoryRegister(cell) });
    await expect.poll(() => refusing.status().role).toBe('failed');
    expect(refusing.status().faults[0]?.reason).toMatch(/users or groups of its own/);
    expect(await refusing.stats()).toMatchObject({ users: 1 });
  });
});

function start(cluster?: { readonly register: Register }): Promise<Tracker> {
  return createTracker({
    network,
    address: { host: 'tracker', port: 0 },
    dataDir: folder(),
    limits: CHEAP,
    ...(cluster === undefined ? {} : { cluster: { clusterId: ours, peers: [], ...cluster } }),
  });
}

const network = createMemoryNetwork();

async function signUp(tracker: Tracker, userId: string): Promise<void> {
  await using peer = await connectPeer({ network, address: tracker.address });
  await peer.signUp(userId);
}
