/**
 * One run: a cluster of real cores, its clients and its register, with faults for some seconds of virtual time and none
 * after; then everything has to come together. The same options lead to the same run, event by event.
 */
import { Chance } from './chance.ts';
import { type FaultCounts, noFaults } from './fault-counts.ts';
import { scheduleFaults } from './faults.ts';
import { Invariants, Violation } from './invariants.ts';
import { LossyNetwork } from './network.ts';
import { drawOptions, type SimulatedBug, type SimulationOptions } from './options.ts';
import { SimulatedClient } from './simulated-client.ts';
import { SimulatedRegister } from './simulated-register.ts';
import { SimulatedTracker, type World } from './simulated-tracker.ts';
import { VirtualTime } from './virtual-time.ts';

export interface SimulationResult {
  readonly options: SimulationOptions;
  readonly events: number;
  readonly acknowledgedWrites: number;
  readonly counts: FaultCounts;
  /** What did not hold; the run ended there. */
  readonly violation: string | undefined;
  readonly virtualMs: number;
}

/** After the last fault everything has to be in sync within this. */
const CONVERGE_MS = 10_000;

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
  const { acknowledgedWrites } = invariants;
  return { options, events: time.events, acknowledgedWrites, counts, violation, virtualMs: time.now };
}

function createWorld(options: SimulationOptions, chance: Chance): World {
  const time = new VirtualTime();
  const counts = noFaults();
  const network = new LossyNetwork({ time, chance: chance.fork(), options, counts });
  const register = new SimulatedRegister(network, counts);
  const trackers = new Map<string, SimulatedTracker>();
  const world = { time, network, register, options, invariants: new Invariants(), counts, trackers };
  for (let at = 0; at < options.trackers; at += 1) {
    const name = `tracker-${at}`;
    trackers.set(name, new SimulatedTracker(name, world, chance.fork()));
  }
  return world;
}

function createClients(world: World, chance: Chance): readonly SimulatedClient[] {
  return Array.from(
    { length: world.options.clients },
    (_, at) => new SimulatedClient(`client-${at}`, world, chance.fork()),
  );
}

function run(world: World, clients: readonly SimulatedClient[], chance: Chance): void {
  const { time, trackers, options } = world;
  const check = (): void => {
    for (const tracker of trackers.values()) tracker.checkRead();
  };
  for (const tracker of trackers.values()) time.after(chance.between(0, 300), () => tracker.start());
  for (const client of clients) time.after(chance.between(0, 500), () => client.begin());
  scheduleFaults(world, chance.fork());
  time.runUntil(options.faultsMs, check);
  for (const tracker of trackers.values()) tracker.checkReplay();
  heal(world, clients);
  const endMs = time.now + CONVERGE_MS;
  while (!isConverged(world, clients)) {
    if (time.now >= endMs)
      throw new Violation(`Not together after ${CONVERGE_MS} ms: ${describe(world, clients)}`);
    time.runUntil(time.now + 100, check);
  }
  for (const tracker of trackers.values()) {
    tracker.checkReplay();
    world.invariants.kept(tracker.name, (name) => tracker.state?.users.get(name)?.passwordHash);
  }
}

function heal(world: World, clients: readonly SimulatedClient[]): void {
  world.network.heal();
  world.register.isDown = false;
  for (const tracker of world.trackers.values()) tracker.start();
  for (const client of clients) client.isStopping = true;
}

function isConverged({ trackers, invariants }: World, clients: readonly SimulatedClient[]): boolean {
  const all = [...trackers.values()];
  return (
    clients.every((client) => client.isIdle) &&
    all.filter((tracker) => tracker.role === 'primary').length === 1 &&
    all.every((tracker) => tracker.role === 'primary' || tracker.role === 'backup') &&
    all.every((tracker) => tracker.headIndex === invariants.committed) &&
    all.every((tracker) => tracker.acknowledgedIndex === invariants.committed)
  );
}

function describe({ trackers, invariants, register }: World, clients: readonly SimulatedClient[]): string {
  const all = [...trackers.values()].map(
    ({ name, role, headIndex, acknowledgedIndex }) => `${name} ${role} ${acknowledgedIndex}/${headIndex}`,
  );
  const busy = clients.filter((client) => !client.isIdle).length;
  const { epoch } = register.cell.config;
  return `${all.join(', ')}; ${invariants.committed} committed, epoch ${epoch}, ${busy} clients wait`;
}
