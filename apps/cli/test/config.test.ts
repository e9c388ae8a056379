import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { dataFolder, downloadFolder, resolveTypedPath } from '../src/config.ts';

describe('dataFolder', () => {
  it('is what the option says, else the variable, else the platform’s place', async () => {
    const variables = { MINITORRENT_DATA: '/from/variable' };
    expect(await dataFolder('peer', { data: 'given', variables })).toBe(resolve('given/peer'));
    expect(await dataFolder('tracker', { variables })).toBe('/from/variable/tracker');
    expect(await dataFolder('peer', { variables: { MINITORRENT_DATA: '' } })).toMatch(/minitorrent.*peer$/);
    expect(await dataFolder('peer', { data: '', variables })).toBe('/from/variable/peer');
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
