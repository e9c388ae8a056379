/**
 * Figure `share`: hashing a file into its Merkle tree, as sharing does, with all cores. For scale, what the machine's own
 * programs need for one SHA-256 over the same file, which they read once on one core.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { text } from 'node:stream/consumers';
import { buildManifest } from '../../packages/chunk-store/src/index.ts';
import { startChild } from '../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { makeSource, type SourceFile } from '../transfer/source-file.ts';
import type { Shared } from './share-process.ts';

const PROCESS = new URL('share-process.ts', import.meta.url);
const MIB = { short: 1_024, long: 8_192 };
const WANTED_GB_PER_SECOND = 1.5;
const MAX_PEAK_MIB = 160;

export const share: Figure = {
  id: 'share',
  title: 'Hashing a file to share it',
  unit: 'gbPerSecond',
  better: 'more',
  targets: [
    { against: WANTED_GB_PER_SECOND, ratio: 1, text: `>= ${WANTED_GB_PER_SECOND} GB/s` },
    {
      against: MAX_PEAK_MIB,
      ratio: 1,
      unit: 'peakMib',
      better: 'less',
      text: `<= ${MAX_PEAK_MIB} MiB, whatever the file`,
    },
  ],
  async prepare({ form, folder }: BenchOptions): Promise<Prepared> {
    const source = await makeSource(folder, MIB[form]);
    const { manifest } = await buildManifest(source.path, { workers: 0 });
    const contenders = [
      ours(source, Buffer.from(manifest.root).toString('hex')),
      program('sha256sum', source, ['sha256sum', source.path]),
      program('openssl', source, ['openssl', 'dgst', '-sha256', '-r', source.path]),
    ];
    return { contenders, missing: [], close: async () => undefined };
  },
};

function ours({ path, bytes }: SourceFile, root: string): Contender {
  return {
    name: `buildManifest, ${availableParallelism()} cores`,
    version: '',
    async run() {
      await using child = await startChild(PROCESS);
      const shared = await child.ask<Shared>(path);
      if (shared.root !== root) throw new Error(`The root is ${shared.root}, expected ${root}`);
      return { gbPerSecond: bytes / 1e9 / shared.seconds, peakMib: (await child.usage()).peakMib };
    },
  };
}

/** A program that prints the SHA-256 of the file first. */
function program(name: string, { bytes, sha256 }: SourceFile, [command = '', ...args]: string[]): Contender {
  return {
    name: `${name}, one core`,
    version: '',
    async run() {
      const startedAt = performance.now();
      const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'] });
      const ended = once(child, 'exit');
      const printed = await text(child.stdout);
      await ended;
      const seconds = (performance.now() - startedAt) / 1_000;
      if (!printed.startsWith(sha256)) throw new Error(`It printed ${printed}, expected ${sha256}`);
      return { gbPerSecond: bytes / 1e9 / seconds };
    },
  };
}
