/** What the sudden end of a peer costs, killed or cut off: time, never data. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createManifest, createPieceLayout } from '@minitorrent/chunk-store';
import type { Handlers } from '@minitorrent/rpc-core';
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
    const opened: number[] = [];
    await cluster.impostor('seeder', manifest, counting(honest(manifest, bytes), opened));
    await (await cluster.member('bob')).close();

    const first = startDownloader(cluster);
    await reached(first, ({ verifiedPieces }) => verifiedPieces >= pieceCount / 3);
    first.kill('SIGKILL');
    await once(first, 'exit');
    const openedBefore = opened.length;

    const last = await reached(startDownloader(cluster), ({ state }) => state === 'completed');
    expect(last.resumedPieces).toBeGreaterThanOrEqual(pieceCount / 3);
    expect(opened.length - openedBefore).toBe(pieceCount - last.resumedPieces);
    expect(bytes.equals(await readFile(last.path))).toBe(true);
  });
});

describe('a download from three seeders', () => {
  it('completes when every connection of one breaks in the middle and none comes up again', async () => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    const served = { one: 0, two: 0, three: 0 };
    for (const name of ['one', 'two', 'three'] as const) {
      const dies = name === 'two' ? () => served.one > 5 && served.two > 5 : () => false;
      await cluster.impostor(
        name,
        manifest,
        mortal(honest(manifest, bytes), () => (served[name] += 1), dies),
      );
    }
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    expect(Math.min(served.one, served.two, served.three)).toBeGreaterThan(5);
    const { peers } = download.progress();
    expect(peers.find(({ userId }) => userId === 'two')?.state).not.toBe('connected');
  });
});

/** Notes each piece that is opened, and sends none too quickly to be killed in the middle. */
function counting(handlers: Handlers<typeof peerContract>, opened: number[]): Handlers<typeof peerContract> {
  return {
    ...handlers,
    async *send_pieces(request, context) {
      for await (const item of handlers.send_pieces(request, context)) {
        if (item.kind === 'piece') opened.push(item.index);
        await new Promise((resolve) => setTimeout(resolve, 5));
        yield item;
      }
    },
  };
}

/** Breaks every connection for good once `dies` says so. */
function mortal(
  handlers: Handlers<typeof peerContract>,
  onPiece: () => void,
  dies: () => boolean,
): Handlers<typeof peerContract> {
  return {
    ...handlers,
    send_piece_info(request, context) {
      if (dies()) context.connection.abort();
      return handlers.send_piece_info(request, context);
    },
    async *send_pieces(request, context) {
      for await (const item of handlers.send_pieces(request, context)) {
        if (item.kind === 'piece') onPiece();
        if (dies()) context.connection.abort();
        await new Promise((resolve) => setTimeout(resolve, 2));
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
