/**
 * A process under attack: a tracker, a peer that shares a file, or somebody who calls a hostile side and reads its answers.
 * It watches its own event loop and memory, and tells of what fails inside. Whatever ends it ends the run.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection, createSystemClock, type LogEntry } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { createTracker, type TrackerLimits, type TrackerLogEntry } from '@minitorrent/tracker';
import { trackerContract } from '@minitorrent/tracker/contract';
import { createPeer, peerContract } from '../../src/index.ts';
import { keepCalling, type Requests } from './calls.ts';
import { LoopWatch } from './loop-watch.ts';
import type { Order, Started, Target, TargetOrders, Told } from './orders.ts';

/** Logins are as cheap and as often as the attack needs; all other limits are those of a real tracker. */
const LIMITS: Partial<TrackerLimits> = {
  ...{ argon2MemoryKib: 64, argon2Passes: 1, joinAnswerMs: 5 },
  ...{ failedLoginsPerAccount: 1e9, failedLoginsPerAddress: 1e9, freeLoginFailures: 1e9 },
};
const ANY_PORT = { host: '127.0.0.1', port: 0 };
/** More would only be the same again. */
const MOST_TROUBLES = 20;

const troubles = new Set<string>();
const watch = new LoopWatch();

// The orders are made by `child.ts` alone.
const orders = JSON.parse(process.argv[2] ?? '', revive) as TargetOrders;
process.on('warning', (warning) => note(`warning: ${warning.message}`));
process.on('disconnect', () => process.exit());
process.on('message', (order: Order) => void take(order));
tell(await start());

function start(): Promise<Started> {
  if (orders.role === 'tracker') return startTracker(orders.folder);
  if (orders.role === 'peer') return startPeer(orders.folder, orders.tracker);
  return startCaller(orders.hostile, orders);
}

async function startTracker(folder: string): Promise<Started> {
  const tracker = await createTracker({
    address: ANY_PORT,
    dataDir: join(folder, 'tracker'),
    limits: LIMITS,
    // All connections of a run come from one address.
    rpcLimits: { unauthenticatedPerAddress: 1_000 },
    onLog: noteFailure,
  });
  return started({ address: tracker.address, pin: tracker.deviceId });
}

async function startPeer(folder: string, tracker: Target): Promise<Started> {
  const peer = await createPeer({
    trackers: [{ ...tracker.address, pin: tracker.pin }],
    dataDir: join(folder, 'peer'),
    downloadDir: join(folder, 'downloads'),
    joinPolicy: async () => 'accept',
  });
  await peer.createUser('sharer', 'correct horse battery');
  await peer.login('sharer', 'correct horse battery');
  await peer.createGroup('films');
  const path = join(folder, 'shared', 'film.bin');
  await mkdir(join(folder, 'shared'));
  await writeFile(path, new Uint8Array(300_000).fill(7));
  const { file } = await peer.uploadFile('films', path);
  return { ...started({ address: peer.address, pin: peer.deviceId }), root: file.root };
}

/** Calls every message of trackers and peers, over and over, and connects again whenever the connection ends. */
async function startCaller(
  hostile: Target,
  { seed, connections, requests: file }: CallerOrders,
): Promise<Started> {
  const requests = await readRequests(file);
  const network = createTlsNetwork({ identity: createIdentity() });
  const clock = createSystemClock();
  const callAndCallAgain = async (): Promise<void> => {
    for (;;) {
      const channel = await network.connect(hostile.address, { expect: hostile.pin }).catch(() => undefined);
      if (channel === undefined) continue;
      const connection = createConnection({ channel, clock, trusted: true, onLog: noteFailure });
      await keepCalling(connection, [trackerContract, peerContract], { requests, seed });
      await connection.closed;
    }
  };
  for (let count = 0; count < connections; count += 1) void callAndCallAgain();
  return started(hostile);
}

type CallerOrders = Extract<TargetOrders, { readonly role: 'caller' }>;

async function readRequests(file: string): Promise<Requests> {
  // Written by `scenarios.ts` alone.
  const texts = JSON.parse(await readFile(file, 'utf8')) as Record<string, string[]>;
  const bytesOf = (hex: string): Uint8Array => new Uint8Array(Buffer.from(hex, 'hex'));
  return new Map(Object.entries(texts).map(([name, bodies]) => [name, bodies.map(bytesOf)]));
}

function started(target: Target): Started {
  return { kind: 'started', target, root: new Uint8Array(32) };
}

function noteFailure(entry: TrackerLogEntry | LogEntry): void {
  if (entry.kind !== 'handler_failed') return;
  const { error } = entry;
  note(`the handler of ${entry.method} failed: ${error instanceof Error ? error.stack : String(error)}`);
}

function note(trouble: string): void {
  if (troubles.size < MOST_TROUBLES) troubles.add(trouble);
}

async function take(order: Order): Promise<void> {
  if (order === 'end') process.exit();
  if (order === 'reset') {
    await collectGarbage();
    watch.reset();
  }
  if (order !== 'measure') return;
  // Before garbage is collected on demand, which takes as long as it takes.
  const loop = watch.report();
  await collectGarbage();
  const { rss, heapUsed, external } = process.memoryUsage();
  const sockets = process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length;
  tell({ kind: 'measured', loop, rss, heapUsed, external, sockets, troubles: [...troubles] });
}

/** Twice, with a turn between: finalizers free what lies outside the heap. */
async function collectGarbage(): Promise<void> {
  for (let round = 0; round < 2; round += 1) {
    globalThis.gc?.();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function tell(told: Told): void {
  process.send?.(told);
}

/** Bytes travel as text in the orders. */
function revive(_key: string, value: unknown): unknown {
  return typeof value === 'string' && value.startsWith('0x')
    ? new Uint8Array(Buffer.from(value.slice(2), 'hex'))
    : value;
}
