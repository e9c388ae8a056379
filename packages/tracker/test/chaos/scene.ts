/**
 * The processes of a run and the cables between them: two trackers that keep journals of their own and a witness, or three
 * trackers that share a database.
 */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { PinnedAddress } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { toHex } from '../../src/hex.ts';
import type { Bell } from './bell.ts';
import { allCables, type Cable, type Cables, type Place } from './cables.ts';
import { openKernelCables } from './kernel-cables.ts';
import { Keys, type PinnedPlace, pinnedAddress } from './keys.ts';
import type { ChaosOptions } from './options.ts';
import type { ChildLine, TrackerOrders } from './orders.ts';
import { openProxyCables } from './proxy-cables.ts';
import { POSTGRES_PORT, startDatabase, startWitness, type Third } from './third.ts';
import { TrackerSeat } from './tracker-seat.ts';

export const CLIENTS: Place = 'clients';

export interface SceneOptions extends Pick<ChaosOptions, 'journal' | 'cutBy' | 'planted'> {
  readonly folder: string;
  readonly bell: Bell;
  /** Told of everything that a tracker says. */
  readonly onLine: (tracker: TrackerSeat, line: ChildLine) => void;
  /** Told of every process that ended by itself. */
  readonly onCrash: (who: string, why: string) => void;
}

export interface Scene extends AsyncDisposable {
  readonly clusterId: Uint8Array;
  readonly trackers: readonly TrackerSeat[];
  readonly third: Third;
  /** Where clients reach the trackers, in their order. */
  readonly addresses: readonly PinnedAddress[];
  /** Who all clients are. */
  readonly client: Identity;
  /** Everything between which there are cables. */
  readonly places: readonly Place[];
  cut(cables: readonly Cable[]): Promise<void>;
  heal(): Promise<void>;
}

/** Starts everything. Fails where something does not start. */
export async function openScene(options: SceneOptions): Promise<Scene> {
  await using opened = new AsyncDisposableStack();
  const { folder, bell, journal } = options;
  const names = journal === 'sqlite' ? ['tracker-0', 'tracker-1'] : ['tracker-0', 'tracker-1', 'tracker-2'];
  const places = [CLIENTS, ...names, journal === 'sqlite' ? 'witness' : 'database'];
  const cables = opened.use(await layCables(options.cutBy, places));
  const clusterId = new Uint8Array(randomBytes(16));
  const keys = new Keys();
  const pinned = (from: Place, to: Place): PinnedPlace => ({
    ...cables.address({ from, to }),
    pin: keys.pinOf(to),
  });
  const onCrash = (why: string): void => options.onCrash('the witness', why);
  const { third, database } = await startThird(journal, {
    ...{ folder, cables, bell, clusterId, keys, names, onCrash },
  });
  opened.use(third);

  const placeOf = (name: string): TrackerOrders['place'] => {
    if (database !== undefined) {
      const { host, port } = cables.address({ from: name, to: third.name });
      return { url: `postgresql://tests@${host}:${port}/${database}` };
    }
    const peers = names.filter((other) => other !== name).map((to) => pinned(name, to));
    const witness = pinned(name, third.name);
    return { dataDir: join(folder, name), peers, witness };
  };
  const trackers = names.map(
    (name) =>
      new TrackerSeat({
        ...{ name, bell },
        dataDir: join(folder, name),
        logFile: join(folder, `${name}.log`),
        orders: () => ({
          listenAt: cables.listenAt(name),
          seed: keys.seedOf(name),
          clusterId: toHex(clusterId),
          place: placeOf(name),
          planted: options.planted,
        }),
        onLine: (tracker, line) => {
          if (line.kind === 'started') cables.plug(name, line.address);
          options.onLine(tracker, line);
        },
        onCrash: (why) => options.onCrash(name, why),
      }),
  );
  for (const { child } of trackers) opened.defer(() => child.kill());
  await Promise.all(trackers.map((tracker) => tracker.start()));
  const resources = opened.move();
  return {
    ...{ clusterId, trackers, third, places },
    addresses: names.map((to) => pinnedAddress(pinned(CLIENTS, to))),
    client: keys.identityOf(CLIENTS),
    cut: (chosen) => cables.cut(chosen),
    heal: () => cables.heal(),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** The tracker that says that it decides, under the newest config; undefined where none does. */
export function primaryOf({ trackers }: Scene): TrackerSeat | undefined {
  return trackers
    .filter(({ child, role }) => child.isRunning && role === 'primary')
    .toSorted((one, other) => other.config.epoch - one.config.epoch)[0];
}

/** Whether everything runs and every tracker may take the place of every other. */
export function isTogether(scene: Scene): boolean {
  const { trackers, third } = scene;
  if (!third.isUp || !trackers.every(({ child }) => child.isUp)) return false;
  if (third.name === 'database') return true;
  const primary = primaryOf(scene);
  return trackers.every(
    ({ role, storeId, config }) =>
      (role === 'primary' || role === 'backup') &&
      config.epoch === primary?.config.epoch &&
      config.inSync.includes(storeId),
  );
}

function layCables(cutBy: Cables['kind'], places: readonly Place[]): Promise<Cables> {
  if (cutBy === 'network namespace') return openKernelCables(places, new Map([['database', POSTGRES_PORT]]));
  return openProxyCables(allCables(places));
}

async function startThird(
  journal: ChaosOptions['journal'],
  options: Parameters<typeof startWitness>[0],
): Promise<{ readonly third: Third; readonly database: string | undefined }> {
  if (journal === 'postgres') return startDatabase(options);
  return { third: await startWitness(options), database: undefined };
}
