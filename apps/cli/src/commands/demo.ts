/**
 * `minitorrent demo`: a tracker and four peers as processes of their own on this machine, one file, three downloads at
 * once, and the proof that all got the same bytes.
 *
 * Leaves nothing behind: every process is ended and the folder removed, on failure and on Ctrl-C too.
 */
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Clock } from '@minitorrent/rpc-core';
import { CliError } from '../cli-error.ts';
import { type Cast, createCast } from '../demo/cast.ts';
import type { DemoProcess } from '../demo/demo-process.ts';
import { playFailover } from '../demo/failover-scenario.ts';
import { createQuietWatch } from '../demo/quiet-watch.ts';
import { playScenario } from '../demo/scenario.ts';
import { startTrackerPair } from '../demo/tracker-pair.ts';
import { createTransferWatch, type TransferWatch } from '../demo/transfer-watch.ts';
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import type { DemoResult } from '../output/demo-reports.ts';
import { createProgressBoard } from '../output/progress-board.ts';
import type { JsonLine, Reporter } from '../output/reports.ts';
import { type Ending, listenForEnding } from '../process-signals.ts';
import { abortable } from '../shell/abortable.ts';
import type { World } from '../world.ts';
import { createReporterFor } from './output-for.ts';

const SHARER = 'alice';
const DOWNLOADERS = ['bob', 'carol', 'dave'];
/** Longer than any pause of a slow disk, shorter than anybody's patience. */
const QUIET_MS = 60_000;

export interface DemoCommandOptions {
  readonly json?: boolean;
  readonly failover?: boolean;
}

export interface DemoSettings extends DemoCommandOptions {
  /** What starts this program again: arguments of Node.js and the program's file. */
  readonly program: readonly string[];
}

/** Runs it all; 0 only if every peer has the same bytes. */
export async function runDemo(
  file: string | undefined,
  settings: DemoSettings,
  world: World,
): Promise<ExitCode> {
  const reporter = await createReporterFor({ ...world, json: settings.json === true });
  using ending = listenForEnding({ process: world.process, output: world.stdout });
  try {
    const path = await requireFile(resolve(file ?? process.execPath));
    const play = settings.failover === true ? playWithFailover : playAlone;
    const result = await stage({ path, program: settings.program, world, reporter, ending, play });
    reporter.result(result);
    if ((result.failover?.lost ?? 0) > 0) {
      throw new CliError('changes_lost', 'The demonstration failed: something that was acknowledged is lost');
    }
    if (result.ok) return EXIT.ok;
    throw new CliError(
      'files_differ',
      'The demonstration failed: a file that arrived is not the one that was shared',
    );
  } catch (error) {
    const failure = describeFailure(error);
    reporter.failure(failure, { command: 'demo', line: null });
    return ending.exitCode ?? exitCodeOf(failure);
  }
}

interface Stage {
  readonly path: string;
  readonly program: readonly string[];
  readonly world: World;
  readonly reporter: Reporter;
  readonly ending: Ending;
  readonly play: (scene: Scene) => Promise<DemoResult>;
}

/** Starts everything, plays the scenario, and takes everything down again whatever happens. */
async function stage({ path, program, world, reporter, ending, play }: Stage): Promise<DemoResult> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'minitorrent-demo-'));
  cleanup.defer(() => rm(folder, { recursive: true, force: true }));
  const watch = cleanup.use(createQuietWatch({ clock: world.clock, quietMs: QUIET_MS }));
  const board = createProgressBoard({ clock: world.clock, reporter });
  cleanup.defer(() => board.close());
  const tell = (message: string) => reporter.event({ event: 'notice', message });
  const transfers = createTransferWatch(world.clock);
  const onReport = (name: string, line: JsonLine) => transfers.see(name, line);
  const cast = cleanup.use(createCast({ folder, program, clock: world.clock, watch, board, onReport }));
  const scene = { folder, path, cast, transfers, clock: world.clock, tell };
  return await abortable(Promise.race([play(scene), cast.died, watch.timedOut]), ending.signal);
}

/** What a play has to its hand. */
interface Scene {
  readonly folder: string;
  readonly path: string;
  readonly cast: Cast;
  readonly transfers: TransferWatch;
  readonly clock: Clock;
  tell(step: string): void;
}

async function playAlone({ path, cast, tell }: Scene): Promise<DemoResult> {
  tell(`starting a tracker and ${1 + DOWNLOADERS.length} peers on this machine`);
  const tracker = await cast.startTracker();
  return playScenario({ file: path, ...(await startPeers(cast, tracker)), tell });
}

async function playWithFailover({ folder, path, cast, transfers, clock, tell }: Scene): Promise<DemoResult> {
  tell(`starting two trackers, a witness and ${2 + DOWNLOADERS.length} peers on this machine`);
  const initWitness = async (clusterId: Uint8Array) => {
    const library = await import('@minitorrent/tracker/witness');
    await library.initWitness({ dataDir: join(folder, 'witness', 'witness'), clusterId });
  };
  const pair = await startTrackerPair(cast, { clock, initWitness });
  const [peers, registrar] = await Promise.all([
    startPeers(cast, pair.addresses),
    cast.startPeer('registrar', pair.addresses),
  ]);
  const [result, failover] = await Promise.all([
    playScenario({ file: path, ...peers, tell }),
    playFailover({ registrar, pair, transfers, clock, tell }),
  ]);
  return { ...result, failover };
}

async function startPeers(
  cast: Cast,
  trackers: string,
): Promise<{ readonly sharer: DemoProcess; readonly downloaders: readonly DemoProcess[] }> {
  const [sharer, ...downloaders] = await Promise.all(
    [SHARER, ...DOWNLOADERS].map((name) => cast.startPeer(name, trackers)),
  );
  if (sharer === undefined) throw new TypeError('Cannot play without a sharer');
  return { sharer, downloaders };
}

async function requireFile(path: string): Promise<string> {
  const found = await stat(path).catch((cause: unknown) => {
    if (errnoOf(cause) !== 'ENOENT' && errnoOf(cause) !== 'ENOTDIR') throw cause;
    throw new CliError('not_found', `Cannot share ${path}: there is no such file`, { cause });
  });
  if (found.isFile()) return path;
  throw new CliError('not_a_file', `Cannot share ${path}: it is not a regular file`);
}

function errnoOf(error: unknown): unknown {
  return error instanceof Error && 'code' in error ? error.code : undefined;
}
