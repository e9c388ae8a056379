import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

/** What it printed, and its exit code, where no program can be found. */
async function runBench(...args: string[]) {
  const child = spawn(process.execPath, ['--conditions=@minitorrent/source', MAIN, ...args], {
    env: { ...process.env, PATH: '' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [printed, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  return { printed, code };
}

test('a figure for which this machine has no tools is named, and is no failure', async () => {
  const { printed, code } = await runBench('swarm');
  expect(printed).toContain('cannot be measured on this machine: No network namespaces');
  expect(printed).toContain('unshare');
  expect(printed).not.toContain('FAILED');
  expect(code).toBe(0);
});

test('what is not understood ends with 2', async () => {
  expect(await runBench('no-such-figure')).toMatchObject({ code: 2 });
});
