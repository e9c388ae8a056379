/**
 * Finds out for each tracker that was named which device has to answer there: as it was written, or as it is known, or by
 * asking who answers and keeping that (trust on first use), which is told once.
 *
 * A tracker that is another device than before ends it all: whoever named the address has to say that this is right.
 */
import type { Clock, PinnedAddress } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress } from '../address.ts';
import { messageOf } from '../failure.ts';
import type { Reporter } from '../output/reports.ts';
import type { KnownTrackers } from './known-trackers.ts';
import type { PinnedPlace } from './place.ts';
import type { WhoAnswers } from './who-answers.ts';

export interface PinOptions {
  readonly known: KnownTrackers;
  readonly clock: Clock;
  readonly whoAnswers: WhoAnswers;
  readonly reporter: Pick<Reporter, 'event'>;
  /** Whether those who are known are asked, too, so that another device is found out at once. */
  readonly asksKnown: boolean;
}

/**
 * The places with their pins, in their order. Those that are not known and do not answer are left out, and told of, as long
 * as there is another. Fails with `wrong_identity`, and where none is left as the first one did.
 */
export async function pinTrackers(
  places: readonly PinnedAddress[],
  options: PinOptions,
): Promise<PinnedPlace[]> {
  const answers = await Promise.allSettled(places.map((place) => findPin(place, options)));
  const failures = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const pinned = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const fatal = failures.find((error) => !isUnreachable(error)) ?? (pinned.length === 0 && failures[0]);
  if (fatal) throw fatal;
  for (const error of failures) {
    const message = `A tracker is left out this time, since nobody told which device it is: ${messageOf(error)}`;
    options.reporter.event({ event: 'notice', message });
  }
  return await keep(pinned, options);
}

interface Found extends PinnedPlace {
  readonly isNew: boolean;
}

async function findPin(
  place: PinnedAddress,
  { known, clock, whoAnswers, asksKnown }: PinOptions,
): Promise<Found> {
  const { host, port } = place;
  if (place.pin !== undefined) return { host, port, pin: place.pin, isNew: false };
  const pin = known.pinOf(place);
  if (pin === undefined) return { host, port, pin: await whoAnswers({ host, port }, clock), isNew: true };
  if (asksKnown) {
    await whoAnswers({ host, port, pin }, clock).catch((error: unknown) => {
      if (!isUnreachable(error)) throw error;
    });
  }
  return { host, port, pin, isNew: false };
}

/** What may be better the next time. */
function isUnreachable(error: unknown): boolean {
  return error instanceof RpcError && error.code !== 'wrong_identity';
}

async function keep(found: readonly Found[], { known, reporter }: PinOptions): Promise<PinnedPlace[]> {
  const places: PinnedPlace[] = [];
  for (const { isNew, ...place } of found) {
    await known.learn(place);
    if (isNew) {
      const deviceId = formatDeviceId(place.pin);
      reporter.event({ event: 'tracker-learned', address: formatAddress(place), deviceId });
    }
    places.push(place);
  }
  return places;
}
