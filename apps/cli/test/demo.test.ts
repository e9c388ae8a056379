import { mkdir, mkdtempDisposable, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { runDemo } from '../src/commands/demo.ts';
import { createFakeWorld } from './support/fake-world.ts';
import { countProcesses } from './support/processes.ts';

afterEach(() => {
  vi.unstubAllEnvs();
});

/** The demonstration with children that only pretend. */
async function start(mode: string, options: { json?: boolean; download?: string } = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-demo-test-'));
  const temporary = join(folder.path, 'tmp');
  await mkdir(temporary);
  const file = join(folder.path, 'a file');
  await writeFile(file, '0123456789');
  const other = join(folder.path, 'other');
  await writeFile(other, '0123456780');
  vi.stubEnv('TMPDIR', temporary);
  vi.stubEnv('FAKE_DOWNLOAD', options.download === 'other' ? other : file);
  const world = createFakeWorld();
  const program = [join(import.meta.dirname, 'support', 'fake-program.ts'), mode];
  const ended = runDemo(file, { program, json: options.json === true }, world);
  return {
    world,
    ended,
    /** Fails unless nothing is left of it. */
    async isCleanedUp() {
      expect(await readdir(temporary)).toEqual([]);
      expect(await countProcesses(temporary)).toBe(0);
      expect(world.clock.scheduledTasks).toBe(0);
      expect(world.signals.eventNames()).toEqual([]);
    },
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

const sha256 = '84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882';

describe('minitorrent demo', () => {
  it('tells its steps and ends in the table', async () => {
    await using demo = await start('good');
    expect(await demo.ended).toBe(0);
    const lines = demo.world.lines();
    expect(lines.slice(0, 3)).toEqual([
      'starting a tracker and 4 peers on this machine',
      'alice, bob, carol, and dave register and log in',
      'alice creates the group holiday-videos; bob, carol, and dave ask to join, and alice accepts them',
    ]);
    expect(lines).toContain('bob    2.0 s  5 B/s       2           2    -      0     0  84d89877 equal');
    expect(lines.at(-1)).toBe('Every peer has the same bytes as the source.');
    expect(demo.world.err()).toBe('');
    await demo.isCleanedUp();
  });

  it('writes the same as JSON', async () => {
    await using demo = await start('good', { json: true });
    expect(await demo.ended).toBe(0);
    expect(demo.world.json().at(-1)).toMatchObject({
      type: 'result',
      command: 'demo',
      ok: true,
      file: { name: 'a file', size: 10, sha256 },
      downloads: ['bob', 'carol', 'dave'].map((userId) => ({
        userId,
        seconds: 2,
        bytesPerSecond: 5,
        piecesFrom: { alice: 2 },
        sha256,
      })),
    });
  });

  it('fails when a peer has other bytes', async () => {
    await using demo = await start('good', { download: 'other' });
    expect(await demo.ended).toBe(1);
    expect(demo.world.out()).toContain('DIFFERENT');
    expect(demo.world.err()).toContain('(files_differ)');
    await demo.isCleanedUp();
  });

  it('fails when a process ends early, and says what it said last', async () => {
    await using demo = await start('dies');
    expect(await demo.ended).toBe(1);
    expect(demo.world.err()).toMatch(/bob ended early \(exit code 3\): out of coffee \(process_ended\)/);
    await demo.isCleanedUp();
  });

  it('fails when a process writes something that is no report', async () => {
    await using demo = await start('garbage');
    expect(await demo.ended).toBe(1);
    expect(demo.world.err()).toMatch(/wrote no report: Segmentation fault/);
    await demo.isCleanedUp();
  });

  it('fails when a process cannot be started at all', async () => {
    const world = createFakeWorld();
    expect(await runDemo(undefined, { program: ['/does/not/exist.ts'] }, world)).toBe(1);
    expect(world.err()).toMatch(/tracker ended early \(exit code 1\): .*exist/s);
  });

  it('fails when nothing happens any more', async () => {
    await using demo = await start('hangs');
    await vi.waitFor(() => expect(demo.world.out()).toContain('at the same time'), { timeout: 20_000 });
    // The progress that was seen counts as news once.
    await vi.waitFor(async () => {
      await demo.world.clock.advanceAsync(60_000);
      expect(demo.world.err()).toContain('Nothing has happened for 60 seconds (timed_out)');
    });
    expect(await demo.ended).toBe(1);
    await demo.isCleanedUp();
  });

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ])('ends everything at %s', async (signal, exitCode) => {
    await using demo = await start('hangs');
    await vi.waitFor(() => expect(demo.world.out()).toContain('at the same time'), { timeout: 20_000 });
    demo.world.signals.emit(signal);
    expect(await demo.ended).toBe(exitCode);
    await demo.isCleanedUp();
  });

  it('kills what does not end by itself', async () => {
    await using demo = await start('stubborn');
    await vi.waitFor(() => expect(demo.world.out()).toContain('at the same time'), { timeout: 20_000 });
    demo.world.signals.emit('SIGINT');
    let exitCode: number | undefined;
    void demo.ended.then((code) => {
      exitCode = code;
    });
    await vi.waitFor(() => {
      demo.world.clock.advance(5_000);
      expect(exitCode).toBe(130);
    });
    await demo.isCleanedUp();
  });

  it.each([
    ['a folder', import.meta.dirname, 'not_a_file'],
    ['nothing', '/does/not/exist', 'not_found'],
    ['a file below a file', join(import.meta.filename, 'x'), 'not_found'],
  ])('refuses %s as the file', async (_what, file, code) => {
    const world = createFakeWorld();
    expect(await runDemo(file, { program: [], json: true }, world)).toBe(1);
    expect(world.json()).toMatchObject([
      { type: 'error', command: 'demo', code, advice: expect.any(String) },
    ]);
  });
});
