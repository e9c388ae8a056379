import { mkdtempDisposable, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { runClusterUp } from '../src/commands/cluster-up.ts';
import { createFakeWorld } from './support/fake-world.ts';

const PATIENCE = { timeout: 20_000 };
/** Says at once that it listens, and ends with its standard input. */
const PROGRAM = [join(import.meta.dirname, 'support', 'fake-program.ts'), 'good'];

async function start(options: { readonly listen?: string } = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-cluster-'));
  const world = createFakeWorld();
  const initFolder = vi.fn(async (_: string, id = new Uint8Array()) => id);
  const settings = { listen: '127.0.0.1:7700', data: folder.path, program: PROGRAM, initFolder, ...options };
  const run = () => runClusterUp(settings, world);
  return {
    ...{ world, folder, initFolder, run },
    told: (text: string | RegExp) => vi.waitFor(() => expect(world.out()).toMatch(text), PATIENCE),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

describe('minitorrent cluster up', () => {
  it('runs a witness and two trackers, and tells how to use them, until Ctrl-C', async () => {
    await using scene = await start();
    const ended = scene.run();
    await scene.told('Ctrl-C');
    const clusterId = (await readFile(join(scene.folder.path, 'cluster', 'cluster-id'), 'utf8')).trim();
    expect(clusterId).toMatch(/^[0-9a-f]{32}$/);
    expect(scene.initFolder).toHaveBeenCalledExactlyOnceWith(
      join(scene.folder.path, 'cluster', 'witness', 'witness'),
      Uint8Array.from(Buffer.from(clusterId, 'hex')),
    );
    for (const name of ['witness', 'tracker-1', 'tracker-2'])
      expect(scene.world.out()).toContain(`${name} listens`);
    const id = '[A-Z2-7-]{63}';
    expect(scene.world.out()).toMatch(
      new RegExp(`minitorrent peer --tracker 127.0.0.1:7700#${id},127.0.0.1:7701#${id}\\n`),
    );
    expect(scene.world.out()).toContain(`--cluster ${clusterId}`);
    scene.world.signals.emit('SIGINT');
    expect(await ended).toBe(130);
  });

  it('starts a process again that was killed, and keeps the id of the cluster', async () => {
    await using scene = await start();
    const ended = scene.run();
    await scene.told('Ctrl-C');
    const pid = Number(/tracker-1 listens on .*, process (\d+)/.exec(scene.world.out())?.[1]);
    process.kill(pid, 'SIGKILL');
    await scene.told(/tracker-1 ended early \(SIGKILL\).* is started again in 5 seconds/);
    scene.world.clock.advance(5_000);
    await scene.told(/(?:tracker-1 listens.*){2}/s);
    scene.world.signals.emit('SIGTERM');
    expect(await ended).toBe(0);
    const file = join(scene.folder.path, 'cluster', 'cluster-id');
    const before = await readFile(file, 'utf8');
    scene.initFolder.mockRejectedValue(Object.assign(new Error('There'), { code: 'register_exists' }));
    const again = scene.run();
    await scene.told(/(?:Ctrl-C.*){2}/s);
    scene.world.signals.emit('SIGTERM');
    expect(await again).toBe(0);
    expect(await readFile(file, 'utf8')).toBe(before);
  });

  it('says why it cannot start', async () => {
    await using wrong = await start({ listen: '::1' });
    expect(await wrong.run()).toBe(2);
    await using scene = await start();
    scene.initFolder.mockRejectedValue(Object.assign(new Error('No room'), { code: 'register_failed' }));
    expect(await scene.run()).toBe(1);
    expect(scene.world.err()).toMatch(/^error: cluster up: No room \(register_failed\)\n {2}next: /);
    expect(await readdir(scene.folder.path)).toEqual([]);
  });
});
