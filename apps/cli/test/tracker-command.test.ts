import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runTracker, type TrackerCommandOptions } from '../src/commands/tracker.ts';
import { createFakeWorld } from './support/fake-world.ts';

async function start(options: Partial<TrackerCommandOptions> = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-tracker-'));
  const world = createFakeWorld();
  const close = vi.fn(async () => undefined);
  const openTracker = vi.fn(async () => ({
    address: { host: '127.0.0.1', port: 4711 },
    [Symbol.asyncDispose]: close,
  }));
  const ended = runTracker({ listen: '127.0.0.1:0', data: folder.path, ...options }, world, openTracker);
  return { world, close, openTracker, ended, folder, [Symbol.asyncDispose]: () => folder.remove() };
}

describe('minitorrent tracker', () => {
  it.each([
    ['SIGTERM', 0],
    ['SIGINT', 130],
  ])('runs until %s and closes in good order with %d', async (signal, exitCode) => {
    await using run = await start();
    const folder = join(run.folder.path, 'tracker');
    await vi.waitFor(() =>
      expect(run.world.out()).toBe(`The tracker listens on 127.0.0.1:4711 and keeps its data in ${folder}\n`),
    );
    expect(run.openTracker).toHaveBeenCalledWith({
      listen: { host: '127.0.0.1', port: 0 },
      dataFolder: folder,
      clock: run.world.clock,
    });
    run.world.signals.emit(signal);
    expect(await run.ended).toBe(exitCode);
    expect(run.close).toHaveBeenCalledOnce();
    expect(run.world.signals.eventNames()).toEqual([]);
  });

  it('tells a machine where it listens', async () => {
    await using run = await start({ json: true });
    await vi.waitFor(() =>
      expect(run.world.json()).toMatchObject([
        {
          type: 'event',
          event: 'listening',
          role: 'tracker',
          address: '127.0.0.1:4711',
          downloadFolder: null,
        },
      ]),
    );
    run.world.signals.emit('SIGTERM');
    await run.ended;
  });

  it('ends with its standard input where that is agreed', async () => {
    await using run = await start({ exitWithStdin: true });
    run.world.stdin.end();
    expect(await run.ended).toBe(0);
    expect(run.close).toHaveBeenCalledOnce();
  });

  it('refuses a wrong address, and says why it cannot start', async () => {
    await using wrong = await start({ listen: '::1' });
    expect(await wrong.ended).toBe(2);
    const world = createFakeWorld();
    const failing = () => Promise.reject(Object.assign(new Error('In use'), { code: 'locked' }));
    const data = wrong.folder.path;
    expect(await runTracker({ listen: '[::1]', data }, world, failing)).toBe(1);
    expect(world.err()).toMatch(/^error: tracker: In use \(locked\)\n {2}next: another process uses it/);
  });
});
