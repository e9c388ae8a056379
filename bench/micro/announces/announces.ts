/**
 * Figure `announces`: announces that one tracker process takes in a second of its processor time.
 *
 * Ours speaks TLS 1.3 with a session and a key for each device, and checks every announce against the
 * group's members. The others take UDP datagrams from anybody. A load generator in another process keeps each tracker
 * busy; where that generator is the slower one, announces a second of wall time say more about it than about the tracker,
 * so processor time is what is judged. Ours is measured with 16 announces in flight on each connection, which share
 * packets, and with one, which share nothing.
 */
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { type Child, startChild } from '../../harness/child.ts';
import type { BenchOptions, Contender, Figure, Prepared } from '../../harness/figure.ts';
import { findNpmPeers } from '../../harness/npm-peers.ts';
import { readProcessUsage } from '../../harness/process-usage.ts';
import { findOpentracker, startOpentracker } from './opentracker.ts';
import type { Load, LoadOrder } from './workload.ts';

const TRACKER = new URL('tracker-process.ts', import.meta.url);
const LOAD = new URL('load-process.ts', import.meta.url);
const MEASURED_MS = { short: 2_000, long: 10_000 };
const BITTORRENT_TRACKER = 'bittorrent-tracker';
const WANTED = 60_000;

export const announces: Figure = {
  id: 'announces',
  title: 'Announces to one tracker process, a second of its processor time',
  unit: 'perCpuSecond',
  better: 'more',
  targets: [
    { against: WANTED, ratio: 1, text: `>= ${WANTED} announces a second on one core` },
    { against: BITTORRENT_TRACKER, ratio: 1, text: `ahead of ${BITTORRENT_TRACKER} over UDP` },
  ],
  prepare,
};

async function prepare({ form, folder, say }: BenchOptions): Promise<Prepared> {
  // Nothing is opened before the first round, so nothing has to be closed if this fails.
  const opened = new AsyncDisposableStack();
  const measure = measurer(opened, MEASURED_MS[form]);
  const contenders = [16, 1].map((inFlight) =>
    measure({
      name: inFlight === 1 ? 'tracker, one in flight' : 'tracker',
      version: '',
      start: () => startTracker('ours'),
      load: ['ours', String(inFlight)],
    }),
  );
  const missing: string[] = [];
  const peers = await findNpmPeers([BITTORRENT_TRACKER], say);
  if ('found' in peers) {
    const { version } = peers.found[BITTORRENT_TRACKER];
    contenders.push(measure({ name: BITTORRENT_TRACKER, version, start: () => startTracker('theirs') }));
  } else missing.push(...peers.missing);
  const program = await findOpentracker();
  if (program === undefined) missing.push('opentracker (apt-get install opentracker)');
  else {
    const start = () => startOpentracker(program, folder);
    contenders.push(measure({ name: 'opentracker', version: '', start }));
  }
  return { contenders, missing, close: () => opened.disposeAsync() };
}

interface RunningTracker extends AsyncDisposable {
  readonly address: Address;
  readonly pid: number;
}

async function startTracker(whose: 'ours' | 'theirs'): Promise<RunningTracker> {
  const child = await startChild<Address>(TRACKER, [whose]);
  return { address: child.ready, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

interface Entrant {
  readonly name: string;
  readonly version: string;
  start(): Promise<RunningTracker>;
  /** The kind of load generator, and what it has to know besides the address. */
  readonly load?: readonly [kind: string, ...rest: string[]];
}

/** Makes contenders, which start in their first round: one that does not start is void, and the others are measured. */
function measurer(opened: AsyncDisposableStack, measuredMs: number): (entrant: Entrant) => Contender {
  return ({ name, version, start, load: [kind, ...rest] = ['udp'] }) => {
    let running: { readonly tracker: RunningTracker; readonly load: Child<unknown> } | undefined;
    const open = async () => {
      const tracker = opened.use(await start());
      const { host, port } = tracker.address;
      return { tracker, load: opened.use(await startChild(LOAD, [kind, host, String(port), ...rest])) };
    };
    return {
      name,
      version,
      async run() {
        running ??= await open();
        const { tracker, load } = running;
        const before = await readProcessUsage(tracker.pid);
        const order: LoadOrder = { measuredMs };
        const { announces: count, seconds } = await load.ask<Load>(order);
        const used = (await readProcessUsage(tracker.pid)).cpuSeconds - before.cpuSeconds;
        return { perCpuSecond: count / used, perSecond: count / seconds };
      },
    };
  };
}
