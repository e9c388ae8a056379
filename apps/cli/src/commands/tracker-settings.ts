/**
 * What `minitorrent tracker` was asked for, read from options and variables, and checked before anything is opened.
 */
import type { Address } from '@minitorrent/rpc-core';
import { parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import {
  type ClusterCommandOptions,
  type ClusterSettings,
  readClusterSettings,
} from '../cluster/cluster-settings.ts';
import {
  DEFAULT_CONNECTIONS,
  DEFAULT_TRACKER_PORT,
  dataFolder,
  MAX_CONNECTIONS,
  type Variables,
} from '../config.ts';
import { type PostgresPlace, readJournalPlace } from '../journal-place.ts';
import type { ServiceOptions } from './run-service.ts';

/** The options as the user wrote them. */
export interface TrackerCommandOptions extends ServiceOptions, ClusterCommandOptions {
  readonly listen: string;
  readonly data?: string;
  readonly journal?: string;
  /** As it was written. */
  readonly connections?: string;
}

/** Where a tracker keeps what it must not forget: its journal, and in a folder of its own the key of this device. */
export type TrackerStore = { readonly folder: string } & (
  | { readonly kind: 'folder' }
  | ({ readonly kind: 'postgres' } & PostgresPlace)
);

export interface TrackerRequest {
  readonly listen: Address;
  readonly store: TrackerStore;
  /** Undefined for a tracker that stands alone. */
  readonly cluster: ClusterSettings | undefined;
  /** How many there may be. */
  readonly connections: number;
}

/**
 * Reads it all. `readClusterId` tells which cluster a data folder belongs to. Fails with the codes of the parts, and with
 * `bad_arguments` for what does not go together.
 */
export async function readTrackerRequest(
  options: TrackerCommandOptions,
  variables: Variables,
  readClusterId: (folder: string) => Promise<string | undefined>,
): Promise<TrackerRequest> {
  const listen = parseAddress(options.listen, { defaultPort: DEFAULT_TRACKER_PORT });
  const connections = readConnections(options);
  const place = readJournalPlace(options, variables);
  const folder = await dataFolder('tracker', { data: options.data, variables });
  if (place !== undefined) {
    refuseCluster(options);
    return { listen, connections, store: { kind: 'postgres', folder, ...place }, cluster: undefined };
  }
  const cluster = readClusterSettings(options, { variables, knownId: await readClusterId(folder) });
  return { listen, connections, store: { kind: 'folder', folder }, cluster };
}

function readConnections({ connections: text }: TrackerCommandOptions): number {
  if (text === undefined) return DEFAULT_CONNECTIONS;
  const value = Number(text);
  if (/^\d{1,7}$/.test(text) && value >= 1 && value <= MAX_CONNECTIONS) return value;
  const message = `Cannot allow ${JSON.stringify(text)} connections: expected a number from 1 to ${MAX_CONNECTIONS}`;
  throw new CliError('bad_arguments', message);
}

function refuseCluster({ join, witness }: ClusterCommandOptions): void {
  if (join === undefined && witness === undefined) return;
  const message =
    'Cannot join trackers that share a journal: leave --join and --witness out, for PostgreSQL orders their writes';
  throw new CliError('bad_arguments', message);
}
