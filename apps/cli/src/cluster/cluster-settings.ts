/**
 * What makes a tracker one of several, as the user says it: `--join`, `--witness`, `--cluster`.
 */
import { randomBytes } from 'node:crypto';
import { CliError } from '../cli-error.ts';
import { DEFAULT_TRACKER_PORT, DEFAULT_WITNESS_PORT, nonEmpty, type Variables } from '../config.ts';
import { parsePostgresUrl } from '../journal-place.ts';
import { type PinnedPlace, parsePlace, parsePlaces, requirePin } from '../places/place.ts';

/** The options as the user wrote them. */
export interface ClusterCommandOptions {
  readonly join?: string;
  readonly witness?: string;
  readonly cluster?: string;
}

export interface ClusterSettings {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  /** The other trackers. */
  readonly peers: readonly PinnedPlace[];
  readonly witness: Witness | undefined;
}

/** What keeps the config register. */
export type Witness =
  | { readonly kind: 'process'; readonly address: PinnedPlace }
  | { readonly kind: 'postgres'; readonly url: string };

/**
 * The settings, or undefined for a tracker that stands alone. `knownId` is what the data folder remembers.
 * Fails with `bad_address`, `bad_device_id`, `no_pin`, `bad_cluster_id`, `no_cluster_id`, `no_other_tracker`.
 */
export function readClusterSettings(
  options: ClusterCommandOptions,
  { variables, knownId }: { readonly variables: Variables; readonly knownId: string | undefined },
): ClusterSettings | undefined {
  const { join, witness } = options;
  if (join === undefined && witness === undefined && nonEmpty(options.cluster) === undefined)
    return undefined;
  const id = chosenClusterId(options, variables) ?? knownId;
  if (id === undefined) {
    const example = randomBytes(16).toString('hex');
    throw new CliError(
      'no_cluster_id',
      `Cannot join a cluster without its id: take the one that witness init told, or for a new cluster --cluster ${example}`,
    );
  }
  if (join === undefined) {
    throw new CliError(
      'no_other_tracker',
      'Cannot form a cluster alone: name the other tracker with --join host:port',
    );
  }
  return {
    clusterId: parseClusterId(id),
    peers: parsePlaces(join, { defaultPort: DEFAULT_TRACKER_PORT }).map((one) => requirePin(one, 'tracker')),
    witness: witness === undefined ? undefined : parseWitness(witness),
  };
}

/** `--cluster`, or else `MINITORRENT_CLUSTER`. */
export function chosenClusterId(
  { cluster }: Pick<ClusterCommandOptions, 'cluster'>,
  variables: Variables,
): string | undefined {
  return nonEmpty(cluster) ?? nonEmpty(variables.MINITORRENT_CLUSTER);
}

/** 16 bytes from 32 hexadecimal digits. Fails with `bad_cluster_id`; the message does not repeat it, for it is a secret. */
export function parseClusterId(text: string): Uint8Array {
  if (/^[0-9a-f]{32}$/i.test(text)) return Uint8Array.from(Buffer.from(text, 'hex'));
  throw new CliError('bad_cluster_id', 'Cannot read the id of the cluster: expected 32 hexadecimal digits');
}

function parseWitness(text: string): Witness {
  if (/^postgres(ql)?:/.test(text)) return { kind: 'postgres', url: parsePostgresUrl(text).url };
  const place = parsePlace(text, { defaultPort: DEFAULT_WITNESS_PORT });
  return { kind: 'process', address: requirePin(place, 'witness') };
}
