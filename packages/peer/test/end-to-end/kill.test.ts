/** What the sudden end of a peer costs, killed or cut off: time, never data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createManifest, createPieceLayout } from '@minitorrent/chunk-store';
import type { Connection, Handlers } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import type { peerContract } from '../../src/contract.ts';
import { Cluster, GROUP, PASSWORD } from '../support/cluster.ts';
import { honest } from '../support/rogues.ts';

const bytes = randomBytes(6_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
const { pieceCount } = createPieceLayout(manifest);

interface Line {
  readonly state: string;
  readonly verifiedPieces: number;
  readonly resumedPieces: number;
  readonly path: string;
}

describe('a kill -9', () => {
  it('of a downloading peer costs the pieces on their way, and no other is fetched again', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    const opened = new Map<Connection, number>();
    await cluster.impostor('seeder', manifest, counting(honest(manifest, bytes), opened));
    await (await cluster.member('bob')).close();

    const first = startDownloader(cluster);
    await reached(first, ({ verifiedPieces }) => verifiedPieces >= pieceCount / 3);
    first.kill('SIGKILL');
    await once(first, 'exit');
    // The seeder may still be about to send to it.
    const before = new Set(opened.keys());

    const second = startDownloader(cluster);
    const ended = once(second, 'exit');
    const last = await reached(second, ({ state }) => state === 'completed');
    await ended;
    expect(last.resumedPieces).toBeGreaterThanOrEqual(pieceCount / 3);
    const openedAfter = [...opened].filter(([connection]) => !before.has(connection));
    expect(openedAfter.reduce((sum, [, pieces]) => sum + pieces, 0)).toBe(pieceCount - last.resumedPieces);
    expect(bytes.equals(await readFile(last.path))).toBe(true);
  });
});

describe('a download from three seeders', () => {
  it('completes when every connection of one breaks in the middle and none comes up again', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    const names = ['one', 'two', 'three'] as const;
    const served = { one: 0, two: 0, three: 0 };
    const middle = Promise.withResolvers<void>();
    const servedByTwo = middle.promise.then(() => served.two);
    for (const name of names) {
      const sent = async (): Promise<void> => {
        served[name] += 1;
        if (names.every((each) => served[each] > 5)) middle.resolve();
        // Nobody goes on before the others have come as far.
        if (served[name] > 5) await middle.promise;
      };
      const dies = name === 'two' ? middle.promise : new Promise<never>(() => undefined);
      await cluster.impostor(name, manifest, mortal(honest(manifest, bytes), sent, dies));
    }
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    expect(served.one + served.three).toBeGreaterThan(pieceCount / 2);
    expect(served.two).toBe(await servedByTwo);
  });
});

/** Counts the pieces that are opened on each connection, and sends none too quickly to be killed in the middle. */
function counting(
  handlers: Handlers<typeof peerContract>,
  opened: Map<Connection, number>,
): Handlers<typeof peerContract> {
  return {
    ...handlers,
    async *send_pieces(request, context) {
      const { connection } = context;
      for await (const item of handlers.send_pieces(request, context)) {
        if (item.kind === 'piece') opened.set(connection, 1 + (opened.get(connection) ?? 0));
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield item;
      }
    },
  };
}

/** Calls `onPiece` before each piece and waits for it, and breaks every connection once `dies` resolves. */
function mortal(
  handlers: Handlers<typeof peerContract>,
  onPiece: () => Promise<void>,
  dies: Promise<void>,
): Handlers<typeof peerContract> {
  return {
    ...handlers,
    send_piece_info(request, context) {
      void dies.then(() => context.connection.abort());
      return handlers.send_piece_info(request, context);
    },
    async *send_pieces(request, context) {
      for await (const item of handlers.send_pieces(request, context)) {
        if (item.kind === 'piece') await onPiece();
        yield item;
      }
    },
  };
}

function startDownloader(cluster: Cluster): ChildProcess {
  const script = fileURLToPath(new URL('../support/downloading-process.ts', import.meta.url));
  const order = {
    port: cluster.tracker.address.port,
    folder: join(cluster.folder, 'bob'),
    userId: 'bob',
    password: PASSWORD,
    groupId: GROUP,
    name: 'a.bin',
  };
  const args = ['--conditions=@minitorrent/source', script, JSON.stringify(order)];
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
}

/** The first line of the process for which `test` is true. */
async function reached(child: ChildProcess, test: (line: Line) => boolean): Promise<Line> {
  if (child.stdout === null) throw new TypeError('The process has no output');
  for await (const text of createInterface(child.stdout)) {
    // Written by `downloading-process.ts`.
    const line = JSON.parse(text) as Line;
    if (test(line)) return line;
  }
  throw new Error('The process ended too early');
}
