/** What is left on the disk of a download that is complete, and how it is served from then on. */
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createManifest, hashLeaves } from '@minitorrent/chunk-store';
import { toHex } from '@minitorrent/tracker/contract';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../../src/shell/library.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(2_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });

describe('a completed download', () => {
  it('leaves its leaf hashes where its share finds them, and no lock, and is served at once', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    await cluster.impostor('seeder', manifest, honest(manifest, bytes));
    const bob = await cluster.member('bob');
    const path = await (await bob.downloadFile(GROUP, 'a.bin')).completed;
    const leavesDir = join(cluster.folder, 'bob', 'data', 'leaves');
    const kept = await readFile(join(leavesDir, `${toHex(manifest.root)}.leaves`));
    expect(kept.equals(hashLeaves(bytes))).toBe(true);
    expect(await readdir(join(path, '..'))).toEqual(['a.bin']);
    expect((await readdir(leavesDir)).filter((name) => name.endsWith('.lock'))).toEqual([]);
    expect(bob.shares()).toMatchObject([{ state: 'serving', path }]);
    const carol = await cluster.member('carol');
    const copy = await (await carol.downloadFile(GROUP, 'a.bin')).completed;
    expect(bytes.equals(await readFile(copy))).toBe(true);
  });
});

describe('a shared file', () => {
  it('that the operating system does not open is said to be unreadable, and not to be another one', async () => {
    await using cluster = await Cluster.start();
    const alice = await cluster.admin('alice');
    await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
    await alice.close();
    using library = openLibrary(join(cluster.folder, 'alice', 'data', 'library.sqlite'));
    const [share] = library.shares('alice');
    // Longer than a name can be: permissions would not keep out whoever may do everything.
    if (share !== undefined) library.putShare({ ...share, path: `/${'x'.repeat(300)}` });
    library.close();
    const again = await cluster.peer('alice');
    await again.login('alice', PASSWORD);
    expect(again.shares()).toMatchObject([{ state: 'unreadable' }]);
  });
});
