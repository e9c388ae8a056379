/**
 * One run: a cluster of real cores, its clients and its register or operator, with faults for some seconds of virtual time
 * and none after; then everything has to come together. The same options lead to the same run, event by event.
 */
import { createUser } from '../../src/commands/accounts.ts';
import { type JournalRecord, sameBytes } from '../../src/entry.ts';
import { LedgerCore } from '../../src/ledger-core.ts';
import { createState } from '../../src/state.ts';
import { Chance } from './chance.ts';
import { type FaultCounts, noFaults } from './fault-counts.ts';
import { scheduleFaults } from './faults.ts';
import { Invariants, Violation } from './invariants.ts';
import { LossyNetwork } from './network.ts';
import { scheduleOperator } from './operator.ts';
import { drawOptions, type SimulatedBug, type SimulationOptions } from './options.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedRegister } from './simulated-register.ts';
import { SimulatedTracker } from './simulated-tracker.ts';
import { VirtualTime } from './virtual-time.ts';
import type { World } from './world.ts';

export interface SimulationResult {
  readonly options: SimulationOptions;
  readonly events: number;
  readonly acknowledgedWrites: number;
  readonly authoritativeReads: number;
  readonly counts: FaultCounts;
  /** What did not hold; the run ended there. */
  readonly violation: string | undefined;
  /** What did not hold and is excused by what the run took away. */
  readonly excused: string | undefined;
  readonly virtualMs: number;
}

/** After the last fault everything has to be in sync within this. */
const CONVERGE_MS = 10_000;
/** The same where a person has to look first, and to promote twice where both trackers were promoted. */
const PERSON_MS = 20_000;
/** How long there are new writes after everything was forgiven. */
const ANEW_MS = 3_000;

export function simulate(seed: number, planted?: SimulatedBug): SimulationResult {
  const chance = new Chance(seed);
  const options = drawOptions(seed, chance.fork(), planted);
  const world = createWorld(options, chance);
  const clients = createClients(world, chance);
  let violation: string | undefined;
  try {
    run(world, clients, chance);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  const { time, invariants, counts } = world;
  const { acknowledgedWrites, authoritativeReads, broken } = invariants;
  return {
    ...{ options, events: time.events, acknowledgedWrites, authoritativeReads, counts, violation },
    ...{ excused: broken, virtualMs: time.now },
  };
}

function createWorld(options: SimulationOptions, chance: Chance): World {
  const time = new VirtualTime();
  const counts = noFaults();
  const network = new LossyNetwork({ time, chance: chance.fork(), options, counts });
  const register = new SimulatedRegister(network, counts);
  const invariants = new Invariants({ promisesReads: !options.suspends });
  const trackers = new Map<string, SimulatedTracker>();
  const world: World = {
    ...{ time, network, register, options, invariants, counts, trackers },
    wellSince: Number.POSITIVE_INFINITY,
  };
  for (let at = 0; at < options.trackers; at += 1) {
    const name = `tracker-${at}`;
    trackers.set(name, new SimulatedTracker(name, world, chance.fork()));
  }
  const [founder] = trackers.values();
  founder?.startWith(ownEntries(world, chance.fork()));
  return world;
}

/** What the founder wrote while it stood alone. */
function ownEntries({ options, invariants }: World, chance: Chance): readonly JournalRecord[] {
  const ledger = new LedgerCore(createState(), { pendingWrites: options.ownEntries });
  return Array.from({ length: options.ownEntries }, (_, at) => {
    const [userId, owner] = [`own-${at}`, `founder-${at}`];
    const command = createUser({ userId, passwordHash: owner, atMs: 1 });
    const { record } = ledger.decide(command, { requestId: chance.random.bytes(16), epoch: 1 });
    invariants.owns(userId, owner);
    return record ?? [];
  }).flat();
}

function createClients(world: World, chance: Chance): readonly SimulatedClient[] {
  return Array.from(
    { length: world.options.clients },
    (_, at) => new SimulatedClient(`client-${at}`, world, chance.fork()),
  );
}

function run(world: World, clients: readonly SimulatedClient[], chance: Chance): void {
  const { time, trackers, options, invariants } = world;
  for (const tracker of trackers.values()) time.after(chance.between(0, 300), () => tracker.start());
  for (const client of clients) time.after(chance.between(0, 500), () => client.begin());
  scheduleFaults(world, chance.fork());
  if (!options.hasRegister) scheduleOperator(world, chance.fork());
  runFor(world, options.faultsMs);
  for (const tracker of trackers.values()) tracker.checkReplay();
  heal(world, clients);
  if (options.kind === 'old_register') {
    requireToldOf(world);
    return;
  }
  converge(world, clients);
  if (invariants.isExcused) {
    // What the wrong promotions cost is paid; from here on nothing may be lost again.
    invariants.beginAnew();
    for (const client of clients) client.start();
    runFor(world, ANEW_MS);
    for (const client of clients) client.isStopping = true;
    converge(world, clients);
  }
  for (const tracker of trackers.values())
    invariants.kept(tracker.name, (name) => tracker.state?.users.get(name)?.passwordHash);
}

function runFor({ time, trackers }: World, forMs: number): void {
  time.runUntil(time.now + forMs, () => {
    for (const tracker of trackers.values()) tracker.checkRead();
  });
}

function heal(world: World, clients: readonly SimulatedClient[]): void {
  world.network.heal();
  world.register.isDown = false;
  for (const tracker of world.trackers.values()) {
    tracker.resume();
    tracker.makeRoom();
  }
  startAgain(world);
  for (const client of clients) client.isStopping = true;
}

function converge(world: World, clients: readonly SimulatedClient[]): void {
  const { options, time, trackers } = world;
  const withinMs = options.hasRegister ? CONVERGE_MS : PERSON_MS;
  const endMs = time.now + withinMs;
  while (!isConverged(world, clients)) {
    if (time.now >= endMs)
      throw new Violation(`Not together after ${withinMs} ms: ${describe(world, clients)}`);
    runFor(world, 100);
    startAgain(world);
  }
  for (const tracker of trackers.values()) tracker.checkReplay();
}

/** Some were asked to end, or had no room, before all was healed, and only now do. */
function startAgain({ trackers }: World): void {
  for (const tracker of trackers.values()) {
    if (tracker.role === 'failed') tracker.crash();
    tracker.start();
  }
}

function isConverged({ trackers, invariants }: World, clients: readonly SimulatedClient[]): boolean {
  const all = [...trackers.values()];
  const [first] = all;
  return (
    clients.every((client) => client.isIdle) &&
    all.filter((tracker) => tracker.role === 'primary').length === 1 &&
    all.every((tracker) => tracker.role === 'primary' || tracker.role === 'backup') &&
    all.every((tracker) => first !== undefined && sameBytes(tracker.head.hash, first.head.hash)) &&
    all.every((tracker) => tracker.acknowledgedIndex === tracker.head.index) &&
    (invariants.isExcused || !invariants.knowsHistory || first?.head.index === invariants.committed)
  );
}

/**
 * A register that lost something may cost acknowledged writes; but then a person is told, unless it came again to where it
 * was before anybody looked who remembers.
 */
function requireToldOf(world: World): void {
  runFor(world, CONVERGE_MS);
  const { register, invariants } = world;
  const { broken, isToldOfRegister } = invariants;
  if (broken !== undefined && !isToldOfRegister && !register.hasCaughtUp)
    throw new Violation(`Nobody was told of the register, and ${broken}`);
}

function describe({ trackers, invariants }: World, clients: readonly SimulatedClient[]): string {
  const all = [...trackers.values()].map(
    ({ name, role, head, acknowledgedIndex }) =>
      `${name} ${role} ${acknowledgedIndex}/${head.index} of ${head.epoch}`,
  );
  const busy = clients.filter((client) => !client.isIdle).length;
  const { committed, latest } = invariants;
  return `${all.join(', ')}; ${committed} committed, epoch ${latest.epoch}, ${busy} clients wait`;
}
