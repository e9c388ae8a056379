/**
 * What the register of a witness held that was lost, from the trackers, which know it.
 *
 * A register that begins behind what some tracker knows could let two of them be primary. So every tracker that was in sync
 * has to answer, and each has to know no other than those that were named.
 */
import type { TrackerStatus } from '@minitorrent/tracker';
import { formatAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import type { PinnedPlace } from '../places/place.ts';

/** What a register holds. */
export type RegisterConfig = TrackerStatus['config'];

/** The newest config that the trackers at `addresses` know. Fails with `tracker_missing`, and as `ask` does. */
export async function recallConfig(
  addresses: readonly PinnedPlace[],
  ask: (address: PinnedPlace) => Promise<TrackerStatus>,
): Promise<RegisterConfig> {
  const statuses = await Promise.all(addresses.map(ask));
  for (const [index, { others }] of statuses.entries()) {
    if (others.length === addresses.length - 1) continue;
    const from = formatAddress(addresses[index] ?? { host: '', port: 0 });
    throw missing(`the tracker at ${from} knows ${others.length} others, and ${addresses.length} were named`);
  }
  const newest = statuses.map(({ config }) => config).reduce((a, b) => (b.epoch > a.epoch ? b : a));
  const answered = new Set(statuses.map(({ storeId }) => Buffer.from(storeId).toString('hex')));
  const silent = newest.inSync.filter((storeId) => !answered.has(storeId));
  if (silent.length > 0) throw missing(`${silent.length} that was in sync did not answer`);
  return newest;
}

function missing(reason: string): CliError {
  return new CliError('tracker_missing', `Cannot know what the lost register held: ${reason}`);
}
