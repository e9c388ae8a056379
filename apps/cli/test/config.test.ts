import { mkdtempDisposable, stat, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder, downloadFolder, makePrivateFolder, resolveTypedPath } from '../src/config.ts';

describe('dataFolder', () => {
  it('is what the option says, else the variable, else the platform’s place', async () => {
    const variables = { MINITORRENT_DATA: '/from/variable' };
    expect(await dataFolder('peer', { data: 'given', variables })).toBe(resolve('given/peer'));
    expect(await dataFolder('tracker', { variables })).toBe('/from/variable/tracker');
    expect(await dataFolder('peer', { variables: { MINITORRENT_DATA: '' } })).toMatch(/minitorrent.*peer$/);
    expect(await dataFolder('peer', { data: '', variables })).toBe('/from/variable/peer');
  });
});

describe('makePrivateFolder', () => {
  it('makes private the folder alone, not those above it', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-config-'));
    const above = join(root.path, 'a', 'b');
    await makePrivateFolder(join(above, 'c'));
    const modeOf = async (path: string) => (await stat(path)).mode & 0o777;
    expect(await modeOf(join(above, 'c'))).toBe(0o700);
    expect(await modeOf(above)).toBe(0o777 & ~process.umask());
    await makePrivateFolder(join(above, 'c'));
  });

  it('fails where there can be no folder', async () => {
    await using root = await mkdtempDisposable(join(tmpdir(), 'minitorrent-config-'));
    const file = join(root.path, 'file');
    await writeFile(file, '');
    await expect(makePrivateFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(makePrivateFolder(join(file, 'a', 'b'))).rejects.toMatchObject({ code: 'ENOTDIR' });
  });

  // The recursive mkdir of Node.js never ends there.
  it.runIf(process.platform === 'linux')('fails where the kernel makes no folders', async () => {
    await expect(makePrivateFolder('/proc/x/y')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('downloadFolder', () => {
  it('is the working folder unless told otherwise', () => {
    expect(downloadFolder(undefined)).toBe(process.cwd());
    expect(downloadFolder('x')).toBe(resolve('x'));
  });
});

describe('resolveTypedPath', () => {
  it('knows the home folder', () => {
    expect(resolveTypedPath('~')).toBe(homedir());
    expect(resolveTypedPath('~/a b')).toBe(join(homedir(), 'a b'));
    expect(resolveTypedPath('~x')).toBe(resolve('~x'));
    expect(resolveTypedPath('/a')).toBe('/a');
  });
});
