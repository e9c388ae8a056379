import { existsSync } from 'node:fs';
import { mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataFolder } from '../src/shell/data-folder.ts';
import { makeFolders } from '../src/shell/folders.ts';
import { openSqliteJournal } from '../src/shell/sqlite-journal.ts';
import { createTestFolder } from './helpers/folder.ts';
import { chain } from './journal-contract.ts';

const isLinux = process.platform === 'linux';

describe('makeFolders', () => {
  it('makes what is missing, the last one for its owner alone, and says what it made', async () => {
    await using root = await createTestFolder();
    const [one, two, three] = ['one', 'one/two', 'one/two/three'].map((name) => join(root.path, name));
    await mkdir(one ?? '');
    expect(await makeFolders(`${three}/`, 0o700)).toEqual([two, three]);
    expect((await stat(three ?? '')).mode & 0o777).toBe(0o700);
    expect((await stat(two ?? '')).mode & 0o700).toBe(0o700);
    expect(await makeFolders(three ?? '', 0o700)).toEqual([]);
  });

  it('makes each folder once when many want it', async () => {
    await using root = await createTestFolder();
    const path = join(root.path, 'a', 'b', 'c');
    const made = await Promise.all(Array.from({ length: 20 }, () => makeFolders(path, 0o700)));
    expect(made.flat().sort()).toEqual([join(root.path, 'a'), join(root.path, 'a', 'b'), path]);
  });

  // Node's own recursive mkdir never ends there.
  it.runIf(isLinux)('fails where the kernel makes no folders', async () => {
    await expect(makeFolders('/proc/x/y', 0o700)).rejects.toMatchObject({ code: 'ENOENT' });
    await expect(openDataFolder('/proc/x')).rejects.toMatchObject({
      code: 'journal_failed',
      message: expect.stringContaining('/proc/x'),
    });
  });

  it('fails where a file, or a link to nothing, has the name of a folder', async () => {
    await using root = await createTestFolder();
    await root.write('file', '');
    await symlink(join(root.path, 'nowhere'), join(root.path, 'link'));
    for (const path of ['file', 'file/folder', 'link', 'link/folder']) {
      await expect(makeFolders(join(root.path, path), 0o700)).rejects.toThrow(/no folder|ENOTDIR|EEXIST/);
    }
    expect(existsSync(join(root.path, 'nowhere'))).toBe(false);
  });
});

describe('openDataFolder', () => {
  it('removes again what it made, when the start came to nothing', async () => {
    await using root = await createTestFolder();
    const folder = await openDataFolder(join(root.path, 'a', 'b'));
    const journal = await openSqliteJournal(folder.journalFile);
    await journal.append(chain(1));
    await journal.close();
    await folder.discard();
    expect(await readdir(root.path)).toEqual([]);
  });

  it('removes nothing that was there before, or that somebody else put there', async () => {
    await using root = await createTestFolder();
    const there = await openDataFolder(root.path);
    await (await openSqliteJournal(there.journalFile)).close();
    await there.discard();
    expect(await readdir(root.path)).toContain('journal.sqlite');
    const path = join(root.path, 'a', 'b');
    const made = await openDataFolder(path);
    await writeFile(join(path, 'letter'), 'dear');
    await made.discard();
    expect(await readdir(path)).toEqual(['letter']);
    // Unlocked.
    (await openDataFolder(path)).unlock();
  });
});
