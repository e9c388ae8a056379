import { mkdtempDisposable, readdir, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTracker } from '@minitorrent/tracker';
import { describe, expect, it } from 'vitest';
import { runTrackerBackup, runTrackerRestore } from '../src/commands/tracker-backup.ts';
import type { Variables } from '../src/config.ts';
import { backupTools } from '../src/system.ts';
import { createFakeWorld } from './support/fake-world.ts';

const ANYWHERE = { address: { host: '127.0.0.1', port: 0 } };

async function openScene(variables: Variables = {}) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-backup-'));
  const world = createFakeWorld({ variables: { MINITORRENT_DATA: folder.path, ...variables } });
  return {
    world,
    data: folder.path,
    file: join(folder.path, 'copy.sqlite'),
    startTracker: () => createTracker({ ...ANYWHERE, dataDir: join(folder.path, 'tracker') }),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

describe('minitorrent tracker backup', () => {
  it('copies the journal of a tracker that runs, for its owner alone, and restore brings it back', async () => {
    await using scene = await openScene();
    const { world, file } = scene;
    await using _tracker = await scene.startTracker();
    expect(await runTrackerBackup(file, {}, world, backupTools)).toBe(0);
    expect(world.out()).toMatch(
      /^Copied the journal up to entry 0 \(.*\) from .*\/tracker to .*copy\.sqlite\nIt holds/,
    );
    expect((await stat(file)).mode & 0o077).toBe(0);
    const other = join(scene.data, 'other');
    expect(await runTrackerRestore(file, { data: other, json: true }, world, backupTools)).toBe(0);
    expect(JSON.parse(world.lines().at(-1) ?? '')).toMatchObject({
      type: 'result',
      command: 'tracker_restore',
      file,
      dataFolder: join(other, 'tracker'),
      entries: 0,
      headIndex: 0,
    });
    await using _restored = await createTracker({ ...ANYWHERE, dataDir: join(other, 'tracker') });
  });

  it('replaces nothing, and says what to do', async () => {
    await using scene = await openScene();
    const { world, file } = scene;
    await (await scene.startTracker()).close();
    expect(await runTrackerBackup(file, {}, world, backupTools)).toBe(0);
    expect(await runTrackerBackup(file, {}, world, backupTools)).toBe(1);
    expect(world.err()).toMatch(
      /copy\.sqlite: it is there already \(target_exists\)\n {2}next: choose another name/,
    );
    await using _tracker = await scene.startTracker();
    expect(await runTrackerRestore(file, {}, world, backupTools)).toBe(1);
    expect(world.err()).toContain('(locked)');
    expect(await readdir(scene.data)).toEqual(['copy.sqlite', 'tracker']);
  });

  it('leaves PostgreSQL to its own tools', async () => {
    await using scene = await openScene({ MINITORRENT_JOURNAL: 'postgres://alice:secret@db/x' });
    const { world, file } = scene;
    for (const run of [runTrackerBackup, runTrackerRestore]) {
      expect(await run(file, {}, world, backupTools)).toBe(2);
      expect(await run(file, { data: scene.data }, world, backupTools)).toBe(2);
    }
    expect(world.err()).toContain('pg_dump');
    expect(world.err()).not.toContain('secret');
    const elsewhere = join(scene.data, 'elsewhere');
    expect(await runTrackerBackup(file, { data: elsewhere }, world, backupTools)).toBe(1);
    expect(world.err()).toContain('(journal_failed)');
  });
});
