/**
 * Node.js alone: the least that a transfer can be on this platform, encrypted, hashed and written as ours is, with nothing
 * between. What ours costs more is ours to save; what this one costs is not.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startDriven } from './driven.ts';
import type { Job, Session, System } from './system.ts';

const SCRIPT = fileURLToPath(new URL('node-alone-peer.ts', import.meta.url));

export const nodeAlone: System = {
  name: 'Node.js alone',
  version: process.version,
  async open({ source, folder, lab }: Job): Promise<Session> {
    await using cleanup = new AsyncDisposableStack();
    const [seederPlace] = lab.seeders;
    const [leecherPlace] = lab.leechers;
    if (seederPlace === undefined || leecherPlace === undefined) throw new RangeError('It takes two places');
    const path = join(folder, 'downloaded.bin');
    const start = (name: string, place: typeof seederPlace, args: readonly string[]) =>
      cleanup.use(
        startDriven({
          name,
          place,
          command: process.execPath,
          args: ['--max-semi-space-size=1', SCRIPT, ...args],
        }),
      );
    const seeder = start('seeder', seederPlace, ['serve', source.path]);
    const { port } = await seeder.take(({ type }) => type === 'listening');
    const leecher = start('leecher', leecherPlace, ['fetch', path]);
    await leecher.take(({ type }) => type === 'listening');
    const download = async () => {
      leecher.send(JSON.stringify({ port, bytes: source.bytes }));
      await leecher.take(({ type }) => type === 'finished');
      return { path };
    };
    const running = cleanup.move();
    return {
      seeders: [seeder],
      leechers: [{ process: leecher, download }],
      [Symbol.asyncDispose]: () => running.disposeAsync(),
    };
  },
};
