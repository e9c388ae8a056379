import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createIdentity, formatDeviceId, loadOrCreateIdentity } from '../src/tls.ts';
import { toHex } from './support/hex.ts';
import { makeCredentials, pemOf } from './support/x509.ts';

let base: string;
let folders = 0;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'minitorrent-identity-'));
});
afterAll(() => rm(base, { recursive: true }));

/** A folder that is not there yet. */
function newFolder(): string {
  folders += 1;
  return join(base, `folder-${folders}`);
}

/** A folder with an identity in it, and the path of its file. */
async function withIdentity() {
  const folder = newFolder();
  const identity = await loadOrCreateIdentity({ folder });
  const path = join(folder, 'identity.pem');
  return { folder, identity, path, text: await readFile(path) };
}

/** Loads what is in `folder`, which must not work. */
async function failureOf(folder: string): Promise<{ readonly code?: string; readonly message?: string }> {
  return await loadOrCreateIdentity({ folder }).then(
    () => ({}),
    (error: { readonly code: string; readonly message: string }) => error,
  );
}

describe('loadOrCreateIdentity', () => {
  test('makes an identity once, and finds it again', async () => {
    const { folder, identity } = await withIdentity();
    const again = await loadOrCreateIdentity({ folder });
    expect(again.deviceId).toEqual(identity.deviceId);
    expect(again.certificate).toEqual(identity.certificate);
    expect(again.sign(new Uint8Array(3))).toEqual(identity.sign(new Uint8Array(3)));
    expect((await withIdentity()).identity.deviceId).not.toEqual(identity.deviceId);
  });

  test('keeps it in one file for its owner alone, in a folder for its owner alone', async () => {
    const { folder, path, text, identity } = await withIdentity();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect((await stat(folder)).mode & 0o777).toBe(0o700);
    expect(await readdir(folder)).toEqual(['identity.pem']);
    expect(text.toString()).toContain(pemOf(identity.privateKey));
    expect(text.toString()).toMatch(/-----BEGIN CERTIFICATE-----\n(.{1,64}\n)+-----END CERTIFICATE-----\n$/);
  });

  test('makes the folders above, and leaves alone what is in a folder that is there', async () => {
    const folder = join(newFolder(), 'deeper', 'still');
    await loadOrCreateIdentity({ folder });
    const known = newFolder();
    await mkdir(known, { mode: 0o755 });
    await writeFile(join(known, 'other'), 'kept');
    await loadOrCreateIdentity({ folder: known });
    expect((await stat(known)).mode & 0o777).toBe(0o755);
    expect((await readdir(known)).sort()).toEqual(['identity.pem', 'other']);
  });

  test('gives all who come at the same time the same one', async () => {
    const folder = newFolder();
    const identities = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateIdentity({ folder })));
    expect(new Set(identities.map(({ deviceId }) => toHex(deviceId))).size).toBe(1);
    expect(await readdir(folder)).toEqual(['identity.pem']);
  });

  test('gives processes that start at the same time the same one', async () => {
    const folder = newFolder();
    const program = `
      import { formatDeviceId, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
      const { deviceId } = await loadOrCreateIdentity({ folder: ${JSON.stringify(folder)} });
      console.log(formatDeviceId(deviceId));`;
    const args = ['--conditions=@minitorrent/source', '--input-type=module', '--eval', program];
    const cwd = dirname(fileURLToPath(import.meta.url));
    const runs = Array.from({ length: 3 }, () => promisify(execFile)(process.execPath, args, { cwd }));
    const printed = (await Promise.all(runs)).map(({ stdout }) => stdout.trim());
    const { deviceId } = await loadOrCreateIdentity({ folder });
    expect(printed).toEqual(Array(3).fill(formatDeviceId(deviceId)));
  });

  test('refuses the first part of a file, however much of it, and leaves it as it is', async () => {
    const { folder, path, text } = await withIdentity();
    for (let length = 0; length < text.length; length += 1) {
      await writeFile(path, text.subarray(0, length));
      expect(await failureOf(folder), `${length} bytes`).toMatchObject({ code: 'identity_corrupt' });
    }
    expect(await readFile(path)).toEqual(text.subarray(0, -1));
  });

  test('refuses a file of which any byte has changed', async () => {
    const { folder, path, text } = await withIdentity();
    for (let at = 0; at < text.length; at += 1) {
      const changed = Buffer.from(text);
      changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(path, changed);
      expect(await failureOf(folder), `byte ${at}`).toMatchObject({ code: 'identity_corrupt' });
    }
  });

  test.each([
    ['another device’s certificate', pemOf(createIdentity().privateKey) + makeCredentials().cert],
    ['a key alone', pemOf(createIdentity().privateKey)],
    ['an RSA key', makeCredentials({ algorithm: 'rsa' }).key],
    ['something else', 'hello'],
    ['far too much', 'x'.repeat(100_000)],
  ])('refuses %s, and says what to do', async (_what, content) => {
    const { folder, path } = await withIdentity();
    await writeFile(path, content);
    expect(await failureOf(folder)).toMatchObject({
      code: 'identity_corrupt',
      message:
        `Cannot use this device's key in ${path}: it is not what was written there; ` +
        'restore it from a copy, or remove it to become a new device',
    });
  });

  test.each(['640', '604', '660', '602', '610', '601'])(
    'refuses a file of mode %s, and says what to do',
    async (mode) => {
      const { folder, path } = await withIdentity();
      await chmod(path, mode);
      expect(await failureOf(folder)).toMatchObject({
        code: 'identity_exposed',
        message:
          `Cannot use this device's key in ${path}: its mode is ${mode}, expected 600; ` +
          'run chmod 600 on it, or remove it to become a new device if somebody may have read it',
      });
      await chmod(path, 0o400);
      await loadOrCreateIdentity({ folder });
    },
  );

  test('says why it cannot keep one', async () => {
    const file = newFolder();
    await writeFile(file, '');
    expect(await failureOf(join(file, 'below'))).toMatchObject({
      code: 'identity_failed',
      message: `Cannot keep this device's key in ${join(file, 'below', 'identity.pem')}: not a directory`,
      cause: { code: 'ENOTDIR' },
    });
  });

  test('writes through no link that leads nowhere', async () => {
    const folder = newFolder();
    await mkdir(folder);
    await symlink(join(base, 'nowhere'), join(folder, 'identity.pem'));
    expect(await failureOf(folder)).toMatchObject({ code: 'identity_failed' });
    expect(await readdir(folder)).toEqual(['identity.pem']);
    expect(await readdir(base)).not.toContain('nowhere');
  });
});
