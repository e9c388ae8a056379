/** What happens to a device's key between two steps of making it, which only a stand-in for the file system can show. */
import type { FileHandle } from 'node:fs/promises';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { loadOrCreateIdentity } from '../src/tls.ts';

const steps: string[] = [];
/** Called when a file is about to be made. */
let beforeMaking = async (): Promise<void> => {};

vi.mock(import('node:fs/promises'), async (importOriginal) => {
  const original = await importOriginal();
  return {
    ...original,
    open: async (path, flags, mode) => {
      if (flags === 'wx') await beforeMaking();
      const handle = await original.open(path, flags, mode);
      return noteSync(handle, flags === 'wx' ? 'file' : 'folder');
    },
    link: async (from, to) => {
      steps.push('name the file');
      await original.link(from, to);
    },
  };
});

function noteSync(handle: FileHandle, what: string): FileHandle {
  const sync = handle.sync.bind(handle);
  handle.sync = async () => {
    steps.push(`sync the ${what}`);
    await sync();
  };
  return handle;
}

let base: string;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'minitorrent-race-'));
});
beforeEach(() => {
  steps.length = 0;
  beforeMaking = async () => {};
});
afterAll(() => rm(base, { recursive: true }));

test('loadOrCreateIdentity names a new key when it is durable, and then makes the names durable', async () => {
  await loadOrCreateIdentity({ folder: join(base, 'above', 'durable') });
  // In the folder itself, in the one above it, which was made too, and in the one above that.
  expect(steps).toEqual(['sync the file', 'name the file', ...Array(3).fill('sync the folder')]);
  await loadOrCreateIdentity({ folder: join(base, 'above', 'durable') });
  expect(steps).toHaveLength(5);
});

test('loadOrCreateIdentity gives way to a key that another process makes meanwhile', async () => {
  const folder = join(base, 'contested');
  const rival = Promise.withResolvers<Uint8Array>();
  beforeMaking = async () => {
    beforeMaking = async () => {};
    const { deviceId } = await loadOrCreateIdentity({ folder });
    rival.resolve(deviceId);
  };
  const { deviceId } = await loadOrCreateIdentity({ folder });
  expect(deviceId).toEqual(await rival.promise);
  const text = await readFile(join(folder, 'identity.pem'));
  expect((await loadOrCreateIdentity({ folder })).deviceId).toEqual(deviceId);
  expect(await readFile(join(folder, 'identity.pem'))).toEqual(text);
});
