/** A disk that is full while a tracker writes. Real processes; where the machine allows it, a real file system. */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { describe, expect, it } from 'vitest';
import { createTestFolder } from './helpers/folder.ts';
import { connectPeer, type TestPeer } from './helpers/peers.ts';
import { spawnTracker, type TrackerProcess } from './helpers/spawn-tracker.ts';

const network = createTcpNetwork();

describe('a full disk', () => {
  it('ends the writes and nothing else, when no file may grow', async () => {
    await using folder = await createTestFolder();
    await using full = await spawnTracker(folder.path, { maxFileBytes: 500_000 });
    const acknowledged = await writeUntilItIsFull(full);
    await full.end('SIGTERM');
    await using tracker = await spawnTracker(folder.path);
    await expectAll(tracker, acknowledged);
  });

  it.runIf(mayMount())('ends the writes and nothing else, when no block is left', async () => {
    await using folder = await createTestFolder();
    using disk = mountDisk(join(folder.path, 'disk'), '700k');
    const dataDir = join(disk.path, 'tracker');
    await using full = await spawnTracker(dataDir);
    const acknowledged = await writeUntilItIsFull(full);
    // It does not come back by itself: what became of the last write is known only after a new start.
    disk.resize('16m');
    await using peer = await connectPeer({ network, address: full.address });
    await expect(peer.signUp('bob')).rejects.toMatchObject({ code: 'read_only' });
    await full.end('SIGKILL');
    await using tracker = await spawnTracker(dataDir);
    await expectAll(tracker, acknowledged);
    await tracker.end('SIGTERM');
  });
});

/** Answers the groups that were acknowledged. */
async function writeUntilItIsFull({ address }: TrackerProcess): Promise<readonly string[]> {
  await using peer = await connectPeer({ network, address });
  await peer.signUp('alice');
  const acknowledged: string[] = [];
  const refusals: unknown[] = [];
  for (let round = 0; refusals.length === 0; round += 1) {
    const writes = Array.from({ length: 4 }, async (_, at) => {
      const groupId = `group-${round}-${at}`;
      await peer.createGroup(groupId);
      acknowledged.push(groupId);
    });
    for (const outcome of await Promise.allSettled(writes)) {
      if (outcome.status === 'rejected') refusals.push(outcome.reason);
    }
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(20);
  for (const refusal of refusals) {
    expect(refusal).toMatchObject({ code: expect.stringMatching(/^(unconfirmed|read_only)$/) });
  }
  // From now on it takes no changes, says why, and shows what is acknowledged and nothing else.
  await expect(peer.createGroup('late')).rejects.toMatchObject({
    code: 'read_only',
    message: expect.stringMatching(/disk I\/O error|disk is full/),
  });
  expect((await groupsOf(peer)).toSorted()).toEqual(acknowledged.toSorted());
  return acknowledged;
}

/** All that was acknowledged is there, and writes are taken again. */
async function expectAll({ address }: TrackerProcess, acknowledged: readonly string[]): Promise<void> {
  await using peer = await connectPeer({ network, address });
  await peer.signUp('carol');
  expect(await groupsOf(peer)).toEqual(expect.arrayContaining([...acknowledged]));
  await peer.createGroup('afterwards');
  expect(await groupsOf(peer)).toContain('afterwards');
}

async function groupsOf(peer: TestPeer): Promise<readonly string[]> {
  const names: string[] = [];
  let after = '';
  do {
    const page = await peer.tracker.list_groups({ after });
    names.push(...page.groups.map(({ groupId }) => groupId));
    after = page.next;
  } while (after !== '');
  return names;
}

interface SmallDisk extends Disposable {
  readonly path: string;
  resize(size: string): void;
}

function mountDisk(path: string, size: string): SmallDisk {
  mkdirSync(path);
  mount('tmpfs', path, '-t', 'tmpfs', '-o', `size=${size}`);
  return {
    path,
    resize: (larger) => mount(path, '-o', `remount,size=${larger}`),
    [Symbol.dispose]: () => execFileSync('umount', ['--lazy', path]),
  };
}

function mount(...parameters: readonly string[]): void {
  execFileSync('mount', parameters, { stdio: 'ignore' });
}

/** Elsewhere the other test has to do. */
function mayMount(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'tmpfs', '/mnt'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
