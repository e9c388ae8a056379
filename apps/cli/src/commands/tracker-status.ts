/** `minitorrent tracker status` and `tracker promote`: what trackers are, and a person's word on who decides. */
import type { Clock } from '@minitorrent/rpc-core';
import type { TrackerStatus } from '@minitorrent/tracker';
import { formatAddress } from '../address.ts';
import { askTracker } from '../cluster/ask-tracker.ts';
import { chosenClusterId, parseClusterId } from '../cluster/cluster-settings.ts';
import { type OperatorContext, pinForOperator } from '../cluster/pin-for-operator.ts';
import { DEFAULT_TRACKER_PORT, dataFolder } from '../config.ts';
import { describeFailure, EXIT, type ExitCode, exitCodeOf } from '../failure.ts';
import type { TrackerStatusRow } from '../output/operator-reports.ts';
import { type PinnedPlace, parsePlace } from '../places/place.ts';
import type { WhoAnswers } from '../places/who-answers.ts';
import type { World } from '../world.ts';
import { operate } from './operate.ts';

/** The options as the user wrote them. */
export interface OperatorCommandOptions {
  readonly cluster?: string;
  readonly data?: string;
  readonly json?: boolean;
}

/** What makes the parts; tests make others. */
export interface OperatorTools {
  /** Reads the id of the cluster that a data folder belongs to; undefined where it belongs to none. */
  readClusterId(folder: string): Promise<string | undefined>;
  readonly whoAnswers: WhoAnswers;
}

const ALONE = new Uint8Array(16);

/** Shows what the trackers at `addresses` (places, with their pins or without) are; 0 only if all of them answer. */
export async function runTrackerStatus(
  addresses: string,
  options: OperatorCommandOptions,
  world: World,
  tools: OperatorTools,
): Promise<ExitCode> {
  return operate('tracker status', options, world, async (reporter) => {
    const all = addresses.split(',');
    for (const text of all) parsePlace(text, { defaultPort: DEFAULT_TRACKER_PORT });
    const clusterId = await clusterIdFor(options, world, tools);
    const context = contextOf({ world, reporter, data: options.data, clusterId }, tools);
    let exitCode: ExitCode = EXIT.ok;
    for (const text of all) {
      try {
        const place = await pinForOperator(text, context);
        const tracker = await statusOf(place, { clusterId, clock: world.clock });
        reporter.result({ command: 'tracker_status', tracker });
      } catch (error) {
        const failure = describeFailure(error, 'tracker status');
        reporter.failure(failure, { command: 'tracker status', line: null });
        exitCode = exitCodeOf(failure);
      }
    }
    return exitCode;
  });
}

/** Lets the tracker at `address` decide changes from now on. */
export async function runTrackerPromote(
  address: string,
  options: OperatorCommandOptions,
  world: World,
  tools: OperatorTools,
): Promise<ExitCode> {
  return operate('tracker promote', options, world, async (reporter) => {
    const clusterId = await clusterIdFor(options, world, tools);
    const context = contextOf({ world, reporter, data: options.data, clusterId }, tools);
    const target = await pinForOperator(address, context);
    await askTracker(target, world.clock, (tracker, call) => tracker.promote({ clusterId }, call));
    reporter.result({ command: 'tracker_promote', address: formatAddress(target) });
    return EXIT.ok;
  });
}

function contextOf(
  { clusterId, ...context }: Pick<OperatorContext, 'world' | 'reporter' | 'data'> & { clusterId: Uint8Array },
  { whoAnswers }: Pick<OperatorTools, 'whoAnswers'>,
): OperatorContext {
  const { clock } = context.world;
  return { ...context, whoAnswers, askMember: (place) => statusOf(place, { clusterId, clock }) };
}

async function clusterIdFor(
  options: OperatorCommandOptions,
  { variables }: World,
  { readClusterId }: Pick<OperatorTools, 'readClusterId'>,
): Promise<Uint8Array> {
  const chosen = chosenClusterId(options, variables);
  if (chosen !== undefined) return parseClusterId(chosen);
  const folder = await dataFolder('tracker', { data: options.data, variables });
  const known = await readClusterId(folder);
  // A tracker that stands alone does not look at it; any other says what is missing.
  return known === undefined ? ALONE : parseClusterId(known);
}

async function statusOf(
  address: PinnedPlace,
  { clusterId, clock }: { readonly clusterId: Uint8Array; readonly clock: Clock },
): Promise<TrackerStatusRow> {
  const status = await askTracker(address, clock, (tracker, call) =>
    tracker.tracker_status({ clusterId }, call),
  );
  return statusRow(formatAddress(address), status);
}

/** `status` with names that a person can tell apart. */
export function statusRow(address: string, status: TrackerStatus): TrackerStatusRow {
  const { config, others, lastTakeover } = status;
  const storeId = hexOf(status.storeId);
  return {
    address,
    role: status.role,
    reason: status.reason,
    sinceMs: status.changedMsAgo,
    storeId,
    epoch: config.epoch,
    primary: config.epoch === 0 ? null : config.primary,
    inSync: config.inSync,
    headIndex: status.headIndex,
    acknowledgedIndex: status.committedIndex,
    witness: status.register,
    others: others.map((other) => ({
      address: other.name,
      storeId: other.storeId === undefined ? null : hexOf(other.storeId),
      isInSync: other.isInSync,
      lag: other.lag ?? null,
      heardMsAgo: other.heardMsAgo ?? null,
    })),
    lastTakeover: lastTakeover ?? null,
    faults: status.faults,
  };
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
