/**
 * Two trackers and a witness as processes on this machine: started, watched, killed, started again.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '@minitorrent/rpc-core';
import { formatDeviceId, parseDeviceId } from '@minitorrent/rpc-core/identity';
import type { TrackerStatus } from '@minitorrent/tracker';
import { formatAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';
import { askTracker } from '../cluster/ask-tracker.ts';
import { formatPlace, type PinnedPlace } from '../places/place.ts';
import type { Cast } from './cast.ts';
import type { DemoProcess } from './demo-process.ts';
import { findFreePorts } from './free-ports.ts';

/** How often the trackers are asked what they are, and how long for an answer that does not come. */
const LOOK_MS = 50;
const PATIENCE_MS = 30_000;

export interface PairTracker {
  readonly name: string;
  /** With the pin, as `--tracker` takes it. */
  readonly place: PinnedPlace;
}

export interface TrackerPair {
  /** Both addresses with their pins, as `--tracker` takes them. */
  readonly addresses: string;
  readonly clusterId: Uint8Array;
  /** The one that decides changes; waits until there is one. */
  primary(): Promise<PairTracker>;
  /** Ends a tracker as a power cut would. */
  kill(tracker: PairTracker): Promise<void>;
  /** Starts it again, on the data that it left. */
  start(tracker: PairTracker): Promise<void>;
  /** Waits until both have everything. */
  untilInSync(): Promise<void>;
}

/** Starts witness and trackers, and waits until both trackers have everything. */
export async function startTrackerPair(
  cast: Pick<Cast, 'startService' | 'identify'>,
  { clock, initWitness }: { readonly clock: Clock; initWitness(clusterId: Uint8Array): Promise<void> },
): Promise<TrackerPair> {
  const [first = 0, second = 0, witnessPort = 0] = await findFreePorts(3);
  const clusterId = Uint8Array.from(randomBytes(16));
  const placeOf = async (role: 'tracker' | 'witness', name: string, port: number): Promise<PinnedPlace> => {
    const pin = parseDeviceId(await cast.identify(role, name));
    return { host: '127.0.0.1', port, pin };
  };
  const witness = await placeOf('witness', 'witness', witnessPort);
  const trackers: readonly PairTracker[] = [
    { name: 'tracker-1', place: await placeOf('tracker', 'tracker-1', first) },
    { name: 'tracker-2', place: await placeOf('tracker', 'tracker-2', second) },
  ];
  const processes = new Map<string, DemoProcess>();
  const statusOf = ({ place }: PairTracker): Promise<TrackerStatus | undefined> =>
    askTracker(place, clock, (tracker, call) => tracker.tracker_status({ clusterId }, call)).catch(
      () => undefined,
    );

  /** The first answer of `look` that is not undefined; looks again and again. */
  async function until<T>(
    what: string,
    look: (statuses: readonly (TrackerStatus | undefined)[]) => T | undefined,
  ) {
    const endMs = clock.now() + PATIENCE_MS;
    while (clock.now() < endMs) {
      const found = look(await Promise.all(trackers.map(statusOf)));
      if (found !== undefined) return found;
      await new Promise<void>((resolve) => clock.schedule(LOOK_MS, resolve));
    }
    throw new CliError('timed_out', `Waited ${PATIENCE_MS / 1000} seconds in vain until ${what}`);
  }

  const pair: TrackerPair = {
    addresses: trackers.map(({ place }) => formatPlace(place)).join(','),
    clusterId,
    primary: () =>
      until('a tracker leads', (statuses) => trackers.find((_, at) => statuses[at]?.role === 'primary')),
    async kill({ name }) {
      await processes.get(name)?.kill();
    },
    async start({ name, place }) {
      const others = trackers.filter((tracker) => tracker.name !== name);
      const join = others.map((tracker) => formatPlace(tracker.place)).join(',');
      const id = Buffer.from(clusterId).toString('hex');
      const args = ['--listen', formatAddress(place), '--join', join, '--cluster', id];
      processes.set(
        name,
        await cast.startService(name, ['tracker', ...args, '--witness', formatPlace(witness)]),
      );
    },
    untilInSync: async () => {
      await until('both trackers have everything', (statuses) => {
        const isInSync = statuses.every((status) => status?.config.inSync.length === trackers.length);
        return isInSync ? true : undefined;
      });
    },
  };
  await initWitness(clusterId);
  const admitted = trackers.map(({ place }) => formatDeviceId(place.pin)).join(',');
  const witnessArgs = ['--listen', formatAddress(witness), '--admit', admitted];
  await cast.startService('witness', ['witness', ...witnessArgs]);
  await Promise.all(trackers.map((tracker) => pair.start(tracker)));
  await pair.untilInSync();
  return pair;
}
