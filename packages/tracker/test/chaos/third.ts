/** What the trackers of a run cannot do without for long: the witness of a cluster, or the database that they share. */
import { join } from 'node:path';
import { startPostgresCluster } from '../../../../scripts/postgres-cluster.ts';
import { initWitness } from '../../src/witness.ts';
import type { Bell } from './bell.ts';
import type { Cables } from './cables.ts';
import { Child } from './child.ts';
import type { Keys } from './keys.ts';
import type { WitnessOrders } from './orders.ts';

export const POSTGRES_PORT = 5_432;

export interface Third extends AsyncDisposable {
  readonly name: 'witness' | 'database';
  /** Started, and not killed. */
  readonly isUp: boolean;
  /** Nothing happens where it runs. */
  start(): Promise<void>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

export interface ThirdOptions {
  readonly folder: string;
  readonly cables: Cables;
  readonly bell: Bell;
  readonly clusterId: Uint8Array;
  readonly keys: Keys;
  /** The names of the trackers. */
  readonly names: readonly string[];
  readonly onCrash: (why: string) => void;
}

/** A witness that runs, in `folder`. */
export async function startWitness(options: ThirdOptions): Promise<Third> {
  const { folder, cables, bell, clusterId, keys, names, onCrash } = options;
  const name = 'witness';
  const dataDir = join(folder, name);
  await initWitness({ dataDir, clusterId });
  const child = new Child({
    ...{ name, bell, onCrash },
    script: new URL('./witness-child.ts', import.meta.url),
    orders: (): WitnessOrders => ({
      ...{ listenAt: cables.listenAt(name), dataDir, seed: keys.seedOf(name) },
      admit: names.map((tracker) => keys.pinOf(tracker)),
    }),
    logFile: join(folder, `${name}.log`),
    onLine: (line) => {
      if (line.kind === 'started') cables.plug(name, line.address);
    },
  });
  await child.start();
  return {
    name,
    get isUp() {
      return child.isUp;
    },
    start: () => child.start(),
    kill: () => child.kill(),
    [Symbol.asyncDispose]: () => child.kill(),
  };
}

/** A PostgreSQL that runs, with an empty database, and the name of that. */
export async function startDatabase({
  cables,
  bell,
}: ThirdOptions): Promise<{ readonly third: Third; readonly database: string }> {
  const host = cables.listenAt('database').host;
  const server = await startPostgresCluster(`listen_addresses=${cables.kind === 'proxies' ? '' : host}`);
  const url = new URL(await server.createDatabase());
  cables.plug('database', { path: `${url.searchParams.get('host')}/.s.PGSQL.${POSTGRES_PORT}` });
  let isUp = true;
  const set = (now: boolean): void => {
    isUp = now;
    bell.ring();
  };
  const third: Third = {
    name: 'database',
    get isUp() {
      return isUp;
    },
    start: async () => {
      if (isUp) return;
      await server.start();
      set(true);
    },
    kill: async () => {
      set(false);
      await server.stop('SIGKILL');
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
  return { third, database: url.pathname.slice(1) };
}
