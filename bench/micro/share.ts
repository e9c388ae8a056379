/**
 * Figure `share`: hashing a file into its Merkle tree, as sharing does, with all cores. For scale, what the machine's own
 * programs need for one SHA-256 over the same file, which they read once on one core.
 */
import { execFile } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { promisify } from 'node:util';
import { buildManifest } from '../../packages/chunk-store/src/index.ts';
import { startChild } from '../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../harness/figure.ts';
import { makeSource, type SourceFile } from '../transfer/source-file.ts';
import { versionOf } from '../transfer/versions.ts';
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
    const programs = await Promise.all(PROGRAMS.map((each) => findProgram(each, source)));
    return {
      contenders: [
        ours(source, Buffer.from(manifest.root).toString('hex')),
        ...programs.flatMap((each) => ('contender' in each ? [each.contender] : [])),
      ],
      missing: programs.flatMap((each) => ('missing' in each ? [each.missing] : [])),
      close: async () => undefined,
    };
  },
};

/** Something that prints the SHA-256 of the file behind its arguments first. */
interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** What it answers with its version to. */
  readonly versionArg: string;
  readonly package: string;
}

const PROGRAMS: readonly Program[] = [
  { command: 'sha256sum', args: [], versionArg: '--version', package: 'coreutils' },
  { command: 'openssl', args: ['dgst', '-sha256', '-r'], versionArg: 'version', package: 'openssl' },
];

async function findProgram(
  program: Program,
  source: SourceFile,
): Promise<{ readonly contender: Contender } | { readonly missing: string }> {
  const version = await versionOf(program.command, program.versionArg);
  return version === undefined
    ? { missing: `${program.command} (apt-get install ${program.package})` }
    : { contender: theirs(program, version, source) };
}

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

function theirs({ command, args }: Program, version: string, { path, bytes, sha256 }: SourceFile): Contender {
  return {
    name: `${command}, one core`,
    version,
    async run() {
      const startedAt = performance.now();
      const { stdout } = await promisify(execFile)(command, [...args, path]);
      const seconds = (performance.now() - startedAt) / 1_000;
      if (!stdout.startsWith(sha256)) throw new Error(`It printed ${stdout}, expected ${sha256}`);
      return { gbPerSecond: bytes / 1e9 / seconds };
    },
  };
}
