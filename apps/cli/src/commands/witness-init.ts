/** `minitorrent witness init`: makes the register of a cluster, once, or in place of one that was lost. */
import type { Clock } from '@minitorrent/rpc-core';
import type { TrackerStatus } from '@minitorrent/tracker';
import { CliError } from '../cli-error.ts';
import { chosenClusterId, parseClusterId } from '../cluster/cluster-settings.ts';
import { type RegisterConfig, recallConfig } from '../cluster/lost-register.ts';
import { pinForOperator } from '../cluster/pin-for-operator.ts';
import { dataFolder, type Variables } from '../config.ts';
import type { ExitCode } from '../failure.ts';
import { openInFolder } from '../folders.ts';
import type { Reporter } from '../output/reports.ts';
import type { PinnedPlace } from '../places/place.ts';
import type { WhoAnswers } from '../places/who-answers.ts';
import type { World } from '../world.ts';
import { operate } from './operate.ts';

/** The options as the user wrote them. */
export interface WitnessInitOptions {
  readonly data?: string;
  readonly postgres?: string;
  readonly from?: string;
  readonly restored?: string;
  readonly cluster?: string;
  readonly json?: boolean;
}

/** What makes the parts; tests make others. */
export interface WitnessInitTools {
  /** Makes the register in a folder; answers the id of its cluster. It is new, unless `config` is given. */
  initFolder(folder: string, clusterId: Uint8Array | undefined, config?: RegisterConfig): Promise<Uint8Array>;
  /** What the journal in a tracker's data folder is. */
  readStore(folder: string): Promise<{ readonly storeId: string; readonly epoch: number }>;
  /** What a tracker says of itself. */
  askStatus(tracker: PinnedPlace, clusterId: Uint8Array, clock: Clock): Promise<TrackerStatus>;
  /** Makes the register in a database; answers the id of its cluster. */
  initPostgres(url: string, clusterId: Uint8Array | undefined): Promise<Uint8Array>;
  readonly whoAnswers: WhoAnswers;
}

interface InitContext {
  readonly world: World;
  readonly reporter: Reporter;
  readonly tools: WitnessInitTools;
}

/** Makes the register; answers the exit code. */
export function runWitnessInit(
  options: WitnessInitOptions,
  world: World,
  tools: WitnessInitTools,
): Promise<ExitCode> {
  const { variables } = world;
  return operate('witness init', options, world, async (reporter) => {
    const chosen = chosenClusterId(options, variables);
    const clusterId = chosen === undefined ? undefined : parseClusterId(chosen);
    const { id, place, epoch } = await init(options, clusterId, { world, reporter, tools });
    reporter.result({ command: 'witness_init', clusterId: Buffer.from(id).toString('hex'), place, epoch });
    return undefined;
  });
}

async function init(
  options: WitnessInitOptions,
  clusterId: Uint8Array | undefined,
  { world, reporter, tools }: InitContext,
): Promise<{ readonly id: Uint8Array; readonly place: string; readonly epoch: number }> {
  const { data, postgres, from, restored } = options;
  const { variables } = world;
  if ([postgres, from, restored].filter((one) => one !== undefined).length > 1) {
    throw new CliError('bad_arguments', 'Cannot use more than one of --postgres, --from and --restored');
  }
  if (postgres !== undefined) {
    return { id: await tools.initPostgres(postgres, clusterId), place: 'PostgreSQL', epoch: 0 };
  }
  const config =
    from !== undefined
      ? await recall(from, clusterId, { world, reporter, data, tools })
      : restored !== undefined
        ? await leadBy(restored, variables, tools)
        : undefined;
  const folder = await dataFolder('witness', { data, variables });
  const id = await openInFolder(folder, () => tools.initFolder(folder, clusterId, config));
  return { id, place: folder, epoch: config?.epoch ?? 0 };
}

/** The register in which the tracker of that folder leads, with everything that its journal has. */
async function leadBy(
  data: string,
  variables: Variables,
  { readStore }: WitnessInitTools,
): Promise<RegisterConfig> {
  const { storeId, epoch } = await readStore(await dataFolder('tracker', { data, variables }));
  if (epoch === 0) {
    const message = `Cannot let ${data} lead: its journal is empty`;
    throw new CliError('not_found', message);
  }
  return { epoch: epoch + 1, primary: storeId, inSync: [storeId] };
}

async function recall(
  from: string,
  clusterId: Uint8Array | undefined,
  { tools, ...context }: InitContext & { readonly data: string | undefined },
): Promise<RegisterConfig> {
  if (clusterId === undefined) {
    const message = 'Cannot make a register in place of a lost one without the id of its cluster: --cluster';
    throw new CliError('no_cluster_id', message);
  }
  const places: PinnedPlace[] = [];
  const askMember = (place: PinnedPlace) => tools.askStatus(place, clusterId, context.world.clock);
  for (const text of from.split(','))
    places.push(await pinForOperator(text, { ...context, ...tools, askMember }));
  return recallConfig(places, askMember);
}
