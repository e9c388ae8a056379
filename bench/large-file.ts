/**
 * A file larger than memory should be, from one peer process to another, with the peak memory of each.
 *
 * `pnpm bench:large-file [GiB]` (5 by default) makes a sparse file with random bytes here and there, shares it, downloads
 * it, compares both by SHA-256 and prints a table. It fails when a byte is wrong or a peer took more than 160 MiB. It
 * needs as much free space in the temporary folder (TMPDIR), and reads peak memory from Linux' /proc.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, open, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCast } from '../apps/cli/src/demo/cast.ts';
import type { DemoProcess } from '../apps/cli/src/demo/demo-process.ts';
import { playScenario } from '../apps/cli/src/demo/scenario.ts';
import { createSystemClock } from '../packages/rpc-core/src/index.ts';

const MAX_PEAK_MIB = 160;
/** The program as users install it: built (from its TypeScript source it takes 40 MiB more), with the flag of its first line. */
const PROGRAM = [
  '--max-semi-space-size=1',
  fileURLToPath(new URL('../apps/cli/dist/main.js', import.meta.url)),
];

const gib = Number(process.argv[2] ?? 5);
await using cleanup = new AsyncDisposableStack();
const folder = await mkdtemp(join(tmpdir(), 'minitorrent-large-'));
cleanup.defer(() => rm(folder, { recursive: true }));

const clock = createSystemClock();
const board = { watch: () => () => undefined };
const cast = cleanup.use(
  createCast({ folder, program: PROGRAM, clock, watch: { see: () => undefined }, board }),
);
const tracker = await cast.startTracker();
const alice = await cast.startPeer('alice', tracker);
const bob = await cast.startPeer('bob', tracker);

const file = await makeSparseFile(join(folder, 'large.bin'), Math.round(gib * 2 ** 30));
const result = await Promise.race([
  playScenario({ file, sharer: alice, downloaders: [bob], tell: (step) => console.log(step) }),
  cast.died,
]);
const peaks = { alice: await peakMiB(alice), bob: await peakMiB(bob) };
const [download] = result.downloads;
console.table({
  'size, GiB': gib,
  'download, s': download?.seconds,
  'MB/s': download && Math.round(download.bytesPerSecond / 1e6),
  'sharing peer, peak MiB': peaks.alice,
  'downloading peer, peak MiB': peaks.bob,
  'SHA-256': result.ok ? 'equal' : 'different',
});
process.exitCode = result.ok && Math.max(peaks.alice, peaks.bob) <= MAX_PEAK_MIB ? 0 : 1;

/** Random bytes at the start, at the end, and around each GiB; holes between. */
async function makeSparseFile(path: string, size: number): Promise<string> {
  await using handle = await open(path, 'wx');
  await handle.truncate(size);
  for (let position = 0; position < size; position += 2 ** 30 - 12_345) {
    const bytes = randomBytes(Math.min(300_000, size - position));
    await handle.write(bytes, 0, bytes.length, position);
  }
  await handle.write(randomBytes(1), 0, 1, size - 1);
  return path;
}

/** The most memory that the process ever had resident. */
async function peakMiB({ pid }: DemoProcess): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Math.round(Number(/VmHWM:\s*(\d+) kB/.exec(status)?.[1]) / 1024);
}
