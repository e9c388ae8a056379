/** That a process whose channels were dropped can end: one that cannot spins inside of Node.js for ever. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

it('ends by itself after channels over TLS were ended and dropped in the same breath', async () => {
  const script = join(import.meta.dirname, 'support', 'end-and-drop.ts');
  const args = ['--conditions=@minitorrent/source', script];
  await expect(promisify(execFile)(process.execPath, args)).resolves.toMatchObject({ stdout: '' });
});
