/**
 * Figure `first-byte`: from the call of `downloadFile` until the first piece is here and verified, on loopback.
 *
 * Each round is that of a new user on a new device, who has no connection to the sharing peer yet: asking the tracker, a
 * TLS handshake, the proofs of membership on both sides and the piece layer are all part of it.
 */
import { mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPeer, type Download } from '../../packages/peer/src/index.ts';
import { type Child, startChild } from '../harness/child.ts';
import type { BenchOptions, Figure, Prepared, Sample } from '../harness/figure.ts';
import { makeSource, type SourceFile, sha256OfFile } from '../transfer/source-file.ts';
import { GROUP, PASSWORD, type TrackerPlace } from './first-byte-process.ts';

const PROCESS = new URL('first-byte-process.ts', import.meta.url);
const MIB = 64;
const WANTED_MS = 50;

export const firstByte: Figure = {
  id: 'first-byte',
  title: 'From download_file to the first verified piece',
  unit: 'ms',
  better: 'less',
  rounds: { warmUp: 2, short: 10, long: 30 },
  targets: [{ against: WANTED_MS, ratio: 1, text: `<= ${WANTED_MS} ms` }],
  async prepare({ folder }: BenchOptions): Promise<Prepared> {
    const source = await makeSource(folder, MIB);
    const sharer = await startChild<TrackerPlace>(PROCESS, [folder]);
    await sharer.ask(source.path);
    let round = 0;
    const run = () => {
      round += 1;
      return downloadOnce({ source, sharer, userId: `bob-${round}`, folder: join(folder, `round-${round}`) });
    };
    return {
      contenders: [{ name: 'peer', version: '', run }],
      missing: [],
      close: async () => await sharer[Symbol.asyncDispose](),
    };
  },
};

interface Round {
  readonly source: SourceFile;
  readonly sharer: Child<TrackerPlace>;
  readonly userId: string;
  readonly folder: string;
}

async function downloadOnce({ source, sharer, userId, folder }: Round): Promise<Sample> {
  await mkdir(folder);
  await using peer = await createPeer({
    trackers: [sharer.ready],
    dataDir: join(folder, 'data'),
    downloadDir: join(folder, 'downloads'),
  });
  await peer.createUser(userId, PASSWORD);
  await peer.login(userId, PASSWORD);
  await peer.joinGroup(GROUP);
  const startedAt = performance.now();
  const download = await peer.downloadFile(GROUP, basename(source.path));
  await firstPiece(download);
  const ms = performance.now() - startedAt;
  if ((await sha256OfFile(await download.completed)) !== source.sha256) throw new Error('The bytes differ');
  return { ms };
}

/** Looks every millisecond, which is what the figure can be wrong by; nothing tells of single pieces. */
async function firstPiece(download: Download): Promise<void> {
  while (download.progress().verifiedPieces === 0) {
    await Promise.race([sleep(1), download.completed]);
  }
}
