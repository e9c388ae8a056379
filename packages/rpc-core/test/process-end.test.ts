/** That a process whose channels were dropped can end: one that cannot spins inside of Node.js for ever. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Far more than they take: who spins does so until it is killed. */
const MOST_MS = 50_000;

test.each([
  ['channels over TLS were ended and dropped in the same breath', 'end-and-drop.ts'],
  ['strangers were dropped while they ended', 'close-on-strangers.ts'],
])('a process ends by itself, with no socket left open, after %s', async (_what, name) => {
  const script = join(import.meta.dirname, 'support', name);
  const args = ['--conditions=@minitorrent/source', script];
  const bound = { timeout: MOST_MS, killSignal: 'SIGKILL' } as const;
  await expect(promisify(execFile)(process.execPath, args, bound)).resolves.toMatchObject({ stdout: '' });
});
