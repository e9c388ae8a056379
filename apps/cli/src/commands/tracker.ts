/**
 * `minitorrent tracker`: runs a tracker until a signal comes.
 */
import { once } from 'node:events';
import type { Address, Clock } from '@minitorrent/rpc-core';
import { formatAddress, parseAddress } from '../address.ts';
import { DEFAULT_TRACKER_PORT, dataFolder, makePrivateFolder } from '../config.ts';
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import { listenForEnding } from '../process-signals.ts';
import type { World } from '../world.ts';
import { createReporterFor } from './output-for.ts';

/** The options as the user wrote them. */
export interface TrackerCommandOptions {
  readonly listen: string;
  readonly data?: string;
  readonly json?: boolean;
  readonly exitWithStdin?: boolean;
}

/** A tracker that runs. */
export interface RunningTracker extends AsyncDisposable {
  readonly address: Address;
}

/** Makes a tracker; tests make another one. */
export type OpenTracker = (settings: {
  readonly listen: Address;
  readonly dataFolder: string;
  readonly clock: Clock;
}) => Promise<RunningTracker>;

/** Runs until a signal comes; answers the exit code. */
export async function runTracker(
  options: TrackerCommandOptions,
  world: World,
  openTracker: OpenTracker,
): Promise<ExitCode> {
  const reporter = await createReporterFor({ ...world, json: options.json === true });
  using ending = listenForEnding({
    process: world.process,
    output: world.stdout,
    ...(options.exitWithStdin === true ? { lifeline: world.stdin.resume() } : {}),
  });
  try {
    const listen = parseAddress(options.listen, { defaultPort: DEFAULT_TRACKER_PORT });
    const folder = await dataFolder('tracker', { data: options.data, variables: world.variables });
    await makePrivateFolder(folder);
    await using tracker = await openTracker({ listen, dataFolder: folder, clock: world.clock });
    const address = formatAddress(tracker.address);
    reporter.event({
      event: 'listening',
      role: 'tracker',
      address,
      dataFolder: folder,
      downloadFolder: null,
    });
    if (!ending.signal.aborted) await once(ending.signal, 'abort');
    // A service that is told to end and does so has done well.
    return ending.exitCode === EXIT.interrupted ? EXIT.interrupted : EXIT.ok;
  } catch (error) {
    const failure = describeFailure(error, 'tracker');
    reporter.failure(failure, { command: 'tracker', line: null });
    return ending.exitCode ?? exitCodeOf(failure);
  }
}
