import type { Connection, Network, RpcServer } from '../../src/index.ts';
import { createConnection, createServer, serve } from '../../src/index.ts';
import type { ManualClock, NetworkEvent, SeededNetwork, SeededRandom } from '../../src/testing.ts';
import { createManualClock, createSeededNetwork, createSeededRandom } from '../../src/testing.ts';
import { codeOf, collect, contract, handlers } from './pair.ts';

/** What came of one run. */
export interface RunResult {
  /** Everything that happened on the network, and every call's outcome, in order. */
  readonly trace: readonly string[];
  readonly outcomes: readonly string[];
  /** What was left when all was closed; should be empty. */
  readonly leftovers: readonly string[];
}

export interface ScenarioOptions {
  readonly seed: number;
  readonly hosts: number;
  readonly callsPerConnection: number;
  /** Ways are cut, silenced and healed while calls run. */
  readonly faults: boolean;
}

/** Hosts that serve, connect to each other and call at random; a pure function of its options. */
export async function runScenario(options: ScenarioOptions): Promise<RunResult> {
  const clock = createManualClock();
  const random = createSeededRandom(options.seed);
  const trace: string[] = [];
  const outcomes: string[] = [];
  const network = createSeededNetwork({
    clock,
    random: random.fork(),
    conditions: { delayMs: 10, jitterMs: 30 },
    shredBytes: 3000,
    onTrace: ({ at, kind, from, to, byteLength }: NetworkEvent) =>
      trace.push(`${at.toFixed(6)} ${kind} ${from} ${to} ${byteLength}`),
  });
  const names = Array.from({ length: options.hosts }, (_, index) => `host-${index}`);
  const servers = await Promise.all(names.map((name) => startServer(name, network, clock)));
  const stopFaults = options.faults ? causeFaults(names, network, clock, random.fork()) : () => {};

  async function useConnection(from: string, to: RpcServer, choices: SeededRandom): Promise<void> {
    await new Promise<void>((resolve) => clock.schedule(choices.integer(3000), resolve));
    const connection = await connect(network.host(from), to, clock);
    if (connection === undefined) {
      note(`${from} connect_failed`);
      return;
    }
    const calls = Array.from({ length: options.callsPerConnection }, (_, index) =>
      callAtRandom(connection, choices, index).then((outcome) => note(`${from} ${outcome}`)),
    );
    await Promise.all(calls);
    await connection.close();
  }

  function note(outcome: string): void {
    outcomes.push(outcome);
    trace.push(`${clock.now().toFixed(6)} outcome ${outcome}`);
  }

  const users = names.flatMap((from) => servers.map((to) => useConnection(from, to, random.fork())));
  await clock.runUntilSettled(Promise.all(users));
  stopFaults();
  for (const a of names) for (const b of names) network.heal(a, b);
  await clock.runUntilSettled(Promise.all(servers.map((server) => server.close())));
  // Resets and goodbyes that are still on their way.
  await clock.advanceAsync(1000);
  const leftovers = [
    ...(network.openChannels === 0 ? [] : [`${network.openChannels} channels`]),
    ...(clock.scheduledTasks === 0 ? [] : [`${clock.scheduledTasks} tasks`]),
  ];
  return { trace, outcomes, leftovers };
}

function startServer(host: string, network: SeededNetwork, clock: ManualClock): Promise<RpcServer> {
  return createServer({
    network: network.host(host, { uplinkBytesPerSecond: 1_000_000 }),
    address: { host, port: 0 },
    clock,
    trusted: true,
    serve: [serve(contract, handlers())],
  });
}

async function connect(network: Network, to: RpcServer, clock: ManualClock): Promise<Connection | undefined> {
  try {
    return createConnection({ channel: await network.connect(to.address), clock, trusted: true });
  } catch {
    return undefined;
  }
}

/** Makes one call of some kind and answers what came of it; every answer is checked. */
async function callAtRandom(connection: Connection, choices: SeededRandom, index: number): Promise<string> {
  const client = connection.client(contract);
  const timeoutMs = 1 + choices.integer(3000);
  switch (choices.integer(4)) {
    case 0: {
      const name = `n${index}`;
      return outcomeOf(client.greet({ name }), ({ greeting }) => greeting === `Hello ${name}`);
    }
    case 1: {
      const to = choices.integer(300);
      const numbers = collect(client.count({ to }, { windowBytes: 1 + choices.integer(2000) }));
      return outcomeOf(numbers, (all) => all.length === to && all.every((number, at) => number === at + 1));
    }
    case 2: {
      const size = choices.integer(40_000);
      const blobs = collect(client.blobs({ count: 5, size }, { timeoutMs }));
      return outcomeOf(blobs, (all) => all.length === 5 && all.every((blob, at) => isFilled(blob, size, at)));
    }
    default:
      return outcomeOf(client.wait({}, { timeoutMs }), () => false);
  }
}

async function outcomeOf<T>(call: Promise<T>, isRight: (value: T) => boolean): Promise<string> {
  const code = await codeOf(call);
  if (code !== 'resolved') return code;
  return isRight(await call) ? 'right' : 'WRONG';
}

function isFilled(blob: Uint8Array, size: number, value: number): boolean {
  return blob.length === size && blob.every((byte) => byte === value);
}

function causeFaults(
  names: readonly string[],
  network: SeededNetwork,
  clock: ManualClock,
  random: SeededRandom,
): () => void {
  let stop = clock.schedule(50, fault);
  function fault(): void {
    const [a = '', b = ''] = [names[random.integer(names.length)], names[random.integer(names.length)]];
    if (a !== b)
      [network.cut, network.silence, network.heal, network.heal][random.integer(4)]?.call(network, a, b);
    stop = clock.schedule(1 + random.integer(2000), fault);
  }
  return () => stop();
}
