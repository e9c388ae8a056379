/** Whole transfers between real peers over TCP, by way of a real tracker. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Cluster, GROUP } from '../support/cluster.ts';

const KIB = 1024;

describe('a transfer', () => {
  it.each([
    ['an empty file', 0],
    ['one byte', 1],
    ['one byte less than a leaf', 16 * KIB - 1],
    ['one leaf', 16 * KIB],
    ['one byte more than a leaf', 16 * KIB + 1],
    ['one piece', 64 * KIB],
    ['one byte more than a piece', 64 * KIB + 1],
    ['many pieces', 3_000_001],
  ])('brings %s over unharmed', async (_title, size) => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const bob = await cluster.member('bob');
    const bytes = randomBytes(size);
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const download = await bob.downloadFile(GROUP, 'a.bin');
    const path = await download.completed;
    expect(bytes.equals(await readFile(path))).toBe(true);
    expect(download.progress()).toMatchObject({ state: 'completed', verifiedBytes: size, totalBytes: size });
  });

  it('takes pieces from every peer that has the file, and makes the downloader one of them', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const [bob, carol, dave] = [
      await cluster.member('bob'),
      await cluster.member('carol'),
      await cluster.member('dave'),
    ];
    const bytes = randomBytes(4_000_000);
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    for (const peer of [bob, carol, dave]) {
      const download = await peer.downloadFile(GROUP, 'a.bin');
      await download.completed;
    }
    const erin = await cluster.member('erin');
    // One alone would take four times as long: none has sent it all before the others are there.
    for (const peer of [alice, bob, carol, dave])
      peer.limitTransfers({ upBytesPerSecond: 1_000_000, downBytesPerSecond: undefined });
    const download = await erin.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    const sources = download.progress().peers.filter(({ pieces }) => pieces > 0);
    expect(sources.map(({ userId }) => userId).sort()).toEqual(['alice', 'bob', 'carol', 'dave']);
  });

  it('works with a plan that limits nothing, and with blocks that are checked on a thread', async () => {
    await using cluster = await Cluster.start();
    const limits = { upBytesPerSecond: undefined, downBytesPerSecond: undefined };
    const alice = await cluster.admin('alice', { limits });
    const bob = await cluster.member('bob', { limits, hashThreads: 1 });
    const bytes = randomBytes(8_000_000);
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  });

  it.each(['random', 'sequential'] as const)('works with the strategy %s', async (strategy) => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    const bob = await cluster.member('bob');
    const bytes = randomBytes(1_000_000);
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    const download = await bob.downloadFile(GROUP, 'a.bin', { strategy });
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  });
});
