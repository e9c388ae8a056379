import { mkdtempDisposable, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openKnownTrackers } from '../src/places/known-trackers.ts';

const [ONE, TWO, THREE] = [1, 2, 3].map((byte) => new Uint8Array(32).fill(byte)) as [
  Uint8Array,
  Uint8Array,
  Uint8Array,
];
const A = { host: 'a', port: 1 };
const B = { host: 'b', port: 2 };

/** A folder that is made with the first word on a tracker, and what it knows, read anew each time. */
async function start() {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-known-'));
  const path = join(folder.path, 'peer');
  return {
    path,
    file: join(path, 'trackers.json'),
    open: () => openKnownTrackers(path),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

describe('openKnownTrackers', () => {
  it('knows nothing without a file, and makes none by being asked', async () => {
    await using scene = await start();
    const known = await scene.open();
    expect(known.invited).toEqual([]);
    expect(known.pinOf(A)).toBeUndefined();
    await expect(readdir(scene.path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('keeps what it learned, for its owner alone, and nothing beside it', async () => {
    await using scene = await start();
    await (await scene.open()).learn({ ...A, pin: ONE });
    const known = await scene.open();
    expect(known.pinOf({ host: 'A', port: 1 })).toEqual(ONE);
    expect(known.pinOf(B)).toBeUndefined();
    expect(known.invited).toEqual([]);
    await known.learn({ ...A, pin: TWO });
    expect((await scene.open()).pinOf(A)).toEqual(TWO);
    expect((await stat(scene.file)).mode & 0o777).toBe(0o600);
    expect((await stat(scene.path)).mode & 0o777).toBe(0o700);
    expect(await readdir(scene.path)).toEqual(['trackers.json']);
  });

  it('does not write what it knows already', async () => {
    await using scene = await start();
    const known = await scene.open();
    await known.learn({ ...A, pin: ONE });
    const before = await stat(scene.file);
    await known.learn({ ...A, pin: ONE });
    expect((await stat(scene.file)).ino).toBe(before.ino);
  });

  it('stores where a link leads in place of the one before, and tells who is another device now', async () => {
    await using scene = await start();
    const known = await scene.open();
    await known.learn({ ...B, pin: THREE });
    expect(await known.invite([{ ...A, pin: ONE }])).toEqual([]);
    const changed = [
      { ...B, pin: TWO },
      { ...A, pin: ONE },
    ];
    expect(await known.invite(changed)).toEqual([{ ...B, pin: TWO }]);
    const again = await scene.open();
    expect(again.invited).toEqual(changed);
    expect(again.pinOf(B)).toEqual(TWO);
  });

  it('lets the newest word on an address count, for the link too', async () => {
    await using scene = await start();
    const known = await scene.open();
    await known.invite([{ ...A, pin: ONE }]);
    await known.learn({ ...A, pin: TWO });
    const again = await scene.open();
    expect(again.pinOf(A)).toEqual(TWO);
    expect(again.invited).toEqual([{ ...A, pin: TWO }]);
  });

  it.each(['', '{', '[]', 'null', '{"invited":[]}', '{"invited":["a:1"],"learned":[]}'])(
    'refuses a file that has %j, and leaves it as it is',
    async (text) => {
      await using scene = await start();
      await (await scene.open()).learn({ ...A, pin: ONE });
      await writeFile(scene.file, text);
      await expect(scene.open()).rejects.toMatchObject({
        code: 'known_trackers_corrupt',
        message: expect.stringContaining(scene.file),
      });
      expect(await readFile(scene.file, 'utf8')).toBe(text);
    },
  );
});
