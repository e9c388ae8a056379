/**
 * Where a tracker listens, and which others are one with it: kept beside its key whenever it starts, so that an invitation
 * leads to where it really is.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '@minitorrent/rpc-core';
import { formatAddress, parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { readFileIfThere, writePrivateFile } from '../private-file.ts';
import { formatPlace, type PinnedPlace, parsePlace, requirePin } from './place.ts';

const FILE_NAME = 'places.json';

/** What is kept. */
export interface TrackerPlaces {
  /** As it was told to listen, with the port that it got. */
  readonly listen: Address;
  /** The other trackers of its cluster; empty for one that stands alone. */
  readonly others: readonly PinnedPlace[];
}

/** Keeps them in the data folder of the tracker; writes nothing where they are the same as before. */
export async function keepTrackerPlaces(folder: string, { listen, others }: TrackerPlaces): Promise<void> {
  const content = { listen: formatAddress(listen), others: others.map(formatPlace) };
  const text = `${JSON.stringify(content, null, 2)}\n`;
  const path = join(folder, FILE_NAME);
  if ((await readFileIfThere(path)) !== text) await writePrivateFile(path, text);
}

/**
 * What is kept in the data folder of a tracker; undefined where it has not run yet. Fails with `not_a_tracker` where no tracker
 * has its key there, and with `no_address` where the file was damaged.
 */
export async function readTrackerPlaces(folder: string): Promise<TrackerPlaces | undefined> {
  if (!existsSync(join(folder, 'identity.pem'))) {
    throw new CliError('not_a_tracker', `Cannot find a tracker in ${folder}: there is no key of one`);
  }
  const text = await readFileIfThere(join(folder, FILE_NAME));
  if (text === undefined) return undefined;
  try {
    const { listen, others }: { listen: unknown; others: unknown } = JSON.parse(text);
    if (!Array.isArray(others)) throw new TypeError('Expected a list');
    return {
      listen: parseAddress(String(listen), { defaultPort: 0 }),
      others: others.map((place) => requirePin(parsePlace(String(place), { defaultPort: 0 }), 'tracker')),
    };
  } catch (cause) {
    throw noAddress(folder, `${FILE_NAME} is not what was written there`, cause);
  }
}

/** The failure where it is not known at which address the tracker in `folder` listens. */
export function noAddress(folder: string, reason: string, cause?: unknown): CliError {
  const message = `Cannot tell where the tracker in ${folder} listens: ${reason}`;
  return new CliError('no_address', message, { cause });
}
