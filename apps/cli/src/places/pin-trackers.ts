/**
 * Finds out for each tracker that was named which device has to answer there: as it was written, or as it is known, or by
 * asking who answers and keeping that (trust on first use), which is told once.
 *
 * A tracker that is another device than before is not used: whoever named the address has to say that this is right.
 */
import type { Clock, PinnedAddress } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { formatDeviceId, isSameDevice } from '@minitorrent/rpc-core/identity';
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
  /** Whether those who are known already are asked, too, so that another device is found out at once. */
  readonly asksKnown: boolean;
  /** Fails where whoever answers there is nobody whom this user wants to know: then nothing is kept of them. */
  readonly requireWanted?: (place: PinnedPlace) => Promise<void>;
  readonly signal?: AbortSignal;
}

/**
 * The places with their pins, in their order. Left out, and told of, are those that answer as another device, and those that
 * are not known and do not answer. Where none is left it fails as they did, with `wrong_identity` rather than another code.
 */
export async function pinTrackers(
  places: readonly PinnedAddress[],
  options: PinOptions,
): Promise<PinnedPlace[]> {
  const answers = await Promise.allSettled(places.map((place) => findPin(place, options)));
  const failures = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason] : []));
  const pinned = answers.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const defect = failures.find((error) => !(error instanceof RpcError));
  if (defect !== undefined) throw defect;
  if (pinned.length === 0) throw failures.find(isWrongIdentity) ?? failures[0];
  for (const error of failures) {
    options.reporter.event({ event: 'notice', message: `A tracker is left out: ${messageOf(error)}` });
  }
  return await keep(pinned, options);
}

interface Found {
  readonly place: PinnedPlace;
  /** `told`: whether it is right nobody knows as yet. */
  readonly how: 'learned' | 'proved' | 'told';
}

async function findPin(
  { host, port, pin: told }: PinnedAddress,
  { known, clock, whoAnswers, asksKnown, requireWanted, signal }: PinOptions,
): Promise<Found> {
  const ask = (one: PinnedAddress) => whoAnswers(one, clock, signal === undefined ? {} : { signal });
  const kept = known.pinOf({ host, port });
  const pin = told ?? kept;
  if (pin === undefined) {
    const place = { host, port, pin: await ask({ host, port }) };
    await requireWanted?.(place);
    return { place, how: 'learned' };
  }
  const place = { host, port, pin };
  const isNews = kept === undefined || !isSameDevice(kept, pin);
  if (!isNews && !asksKnown) return { place, how: 'told' };
  try {
    await ask(place);
  } catch (error) {
    if (!(error instanceof RpcError) || isWrongIdentity(error)) throw error;
    return { place, how: 'told' };
  }
  if (isNews) await requireWanted?.(place);
  return { place, how: 'proved' };
}

function isWrongIdentity(error: unknown): boolean {
  return error instanceof RpcError && error.code === 'wrong_identity';
}

/** Keeps what somebody proved: a mistake in writing a pin must not be remembered. */
async function keep(found: readonly Found[], { known, reporter }: PinOptions): Promise<PinnedPlace[]> {
  for (const { place, how } of found) {
    if (how !== 'told') await known.learn(place);
    if (how !== 'learned') continue;
    const deviceId = formatDeviceId(place.pin);
    reporter.event({ event: 'tracker-learned', address: formatAddress(place), deviceId });
  }
  return found.map(({ place }) => place);
}
