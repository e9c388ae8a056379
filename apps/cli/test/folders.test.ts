import { mkdir, mkdtempDisposable, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeFolder, makePrivateFolder, openInFolder } from '../src/folders.ts';

describe('makePrivateFolder', () => {
  it('makes private the folder alone, not those above it', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-config-'));
    const above = join(root.path, 'a', 'b');
    const made = await makePrivateFolder(join(above, 'c'));
    expect(made).toEqual([join(root.path, 'a'), above, join(above, 'c')]);
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(join(above, 'c'))).toBe(0o700);
    expect(await modeOf(above)).toBe(0o777 & ~process.umask());
    expect(await makePrivateFolder(join(above, 'c'))).toEqual([]);
  });

  it('fails where there can be no folder', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-config-'));
    const file = join(root.path, 'file');
    await writeFile(file, '');
    await expect(makePrivateFolder(file)).rejects.toMatchObject({
      code: 'folder_failed',
      message: `Cannot make the folder ${file}: file already exists`,
    });
    await expect(makePrivateFolder(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'folder_failed' });
  });

  // The recursive mkdir of Node.js never ends there.
  it.runIf(process.platform === 'linux')('fails where the kernel makes no folders', async () => {
    for (const make of [makePrivateFolder, makeFolder])
      await expect(make('/proc/x/y')).rejects.toMatchObject({
        code: 'folder_failed',
        message: 'Cannot make the folder /proc/x: no such file or directory',
      });
  });
});

describe('openInFolder', () => {
  const failing = (code: string, folder: string) => async () => {
    await writeFile(join(folder, 'identity.pem'), 'a key');
    throw Object.assign(new Error('It cannot begin'), { code });
  };

  it('takes away what was made for nothing, and no more', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-folders-'));
    const folder = join(root.path, 'a', 'tracker');
    await expect(openInFolder(folder, failing('listen_failed', folder))).rejects.toThrow('It cannot begin');
    expect(await readdir(root.path)).toEqual([]);

    await mkdir(join(root.path, 'a', 'peer'), { recursive: true });
    await expect(openInFolder(folder, failing('listen_failed', folder))).rejects.toThrow('It cannot begin');
    expect(await readdir(join(root.path, 'a'))).toEqual(['peer']);
  });

  it('leaves a folder above that something else has begun to use', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-folders-'));
    const folder = join(root.path, 'a', 'tracker');
    const open = async () => {
      await mkdir(join(root.path, 'a', 'peer'));
      throw new Error('It cannot begin');
    };
    await expect(openInFolder(folder, open)).rejects.toThrow('It cannot begin');
    expect(await readdir(join(root.path, 'a'))).toEqual(['peer']);
  });

  it('leaves what was there before, what another process uses, and what was opened', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-folders-'));
    const folder = join(root.path, 'tracker');
    await expect(openInFolder(folder, failing('locked', folder))).rejects.toThrow('It cannot begin');
    expect(await readdir(folder)).toEqual(['identity.pem']);
    await expect(openInFolder(folder, failing('listen_failed', folder))).rejects.toThrow('It cannot begin');
    expect(await readdir(folder)).toEqual(['identity.pem']);
    const other = join(root.path, 'other');
    expect(await openInFolder(other, async () => 'opened')).toBe('opened');
    expect(await readdir(root.path)).toEqual(['other', 'tracker']);
  });
});
