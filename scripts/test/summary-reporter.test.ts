import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';

const VITEST = fileURLToPath(new URL('../../node_modules/vitest/vitest.mjs', import.meta.url));
const REPORTER = new URL('../summary-reporter.ts', import.meta.url).href;

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'summary-reporter-test-'));
  await writeFile(
    join(folder, 'vitest.config.ts'),
    `import { createSummaryReporter } from ${JSON.stringify(REPORTER)};
     export default { test: { globals: true, reporters: ['default', createSummaryReporter()] } };`,
  );
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

/** Runs the given test files in a vitest of their own; answers its exit code and the last line that it printed. */
async function runVitest(
  files: Record<string, string>,
  ...options: readonly string[]
): Promise<{ code: unknown; lastLine: string | undefined; output: string }> {
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  return new Promise((resolve) => {
    execFile(process.execPath, [VITEST, 'run', '--root', folder, ...options], (error, stdout) => {
      resolve({ code: error?.code ?? 0, lastLine: stdout.trimEnd().split('\n').at(-1), output: stdout });
    });
  });
}

it('createSummaryReporter counts the tests of all files on the last line', async () => {
  const passing = `it('one', () => {}); describe('suite', () => { it('two', () => {}); });`;
  const result = await runVitest({ 'a.test.ts': passing, 'b.test.ts': passing });
  expect(result).toMatchObject({ code: 0, lastLine: '4 passed, 0 failed' });
});

it('createSummaryReporter names the skipped tests if there are any', async () => {
  const result = await runVitest({ 'a.test.ts': `it('one', () => {}); it.skip('two', () => {});` });
  expect(result).toMatchObject({ code: 0, lastLine: '1 passed, 0 failed, 1 skipped' });
});

it('createSummaryReporter counts what broke outside of a test as failed', async () => {
  const result = await runVitest({
    'fails.test.ts': `it('one', () => { throw new Error('on purpose'); }); it('two', () => {});`,
    'does-not-load.test.ts': `throw new Error('on purpose');`,
    'hook-fails.test.ts': `describe('suite', () => { afterAll(() => { throw new Error('on purpose'); }); it('one', () => {}); });`,
    'unhandled.test.ts': `it('one', async () => { void Promise.reject(new Error('on purpose')); });`,
  });
  expect(result).toMatchObject({ code: 1, lastLine: '3 passed, 4 failed' });
});

it('createSummaryReporter names the tests that needed a second try, and counts one that never passes as failed', async () => {
  const tests = `let tries = 0;
    it('flaky', () => { tries += 1; if (tries === 1) throw new Error('on purpose'); });
    it('broken', () => { throw new Error('on purpose'); });
    it('sound', () => {});`;
  const { code, lastLine, output } = await runVitest({ 'a.test.ts': tests }, '--retry', '1');
  expect({ code, lastLine }).toEqual({ code: 1, lastLine: '2 passed, 1 failed' });
  expect(output.match(/^failed at first.*$/gm)).toEqual([
    'failed at first, and passed at the second try: a.test.ts > flaky',
  ]);
});
