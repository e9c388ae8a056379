/**
 * One run: a cluster of real cores, its clients and its register or operator, with faults for some seconds of virtual time
 * and none after; then everything has to come together. The same options lead to the same run, event by event.
 */
import { sameBytes } from '../../src/entry.ts';
import { Chance } from './chance.ts';
import type { FaultCounts } from './fault-counts.ts';
import { scheduleFaults } from './faults.ts';
import { Violation } from './invariants.ts';
import { scheduleOperator } from './operator.ts';
import { drawOptions, type SimulatedBug, type SimulationOptions } from './options.ts';
import { createStage, type Stage } from './stage.ts';

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
  const stage = createStage(options, chance);
  let violation: string | undefined;
  try {
    run(stage, chance);
  } catch (error) {
    if (!(error instanceof Violation)) throw error;
    violation = error.message;
  }
  const { time, invariants, counts } = stage.world;
  const { acknowledgedWrites, authoritativeReads, broken } = invariants;
  return {
    ...{ options, events: time.events, acknowledgedWrites, authoritativeReads, counts, violation },
    ...{ excused: broken, virtualMs: time.now },
  };
}

function run(stage: Stage, chance: Chance): void {
  const { world, trackers, clients } = stage;
  const { time, options, invariants } = world;
  for (const tracker of trackers) time.after(chance.between(0, 300), () => tracker.start());
  for (const client of clients) time.after(chance.between(0, 500), () => client.begin());
  scheduleFaults(world, trackers, chance.fork());
  if (!options.hasRegister) scheduleOperator(world, chance.fork());
  runFor(stage, options.faultsMs);
  for (const tracker of trackers) tracker.checkReplay();
  heal(stage);
  if (options.kind === 'old_register') {
    requireToldOf(stage);
    return;
  }
  converge(stage);
  if (invariants.isExcused) {
    // What the wrong promotions cost is paid; from here on nothing may be lost again.
    invariants.beginAnew();
    for (const client of clients) client.start();
    runFor(stage, ANEW_MS);
    for (const client of clients) client.isStopping = true;
    converge(stage);
  }
  for (const tracker of trackers)
    invariants.kept(tracker.name, (name) => tracker.state?.users.get(name)?.passwordHash);
}

function runFor({ world: { time }, trackers }: Stage, forMs: number): void {
  time.runUntil(time.now + forMs, () => {
    for (const tracker of trackers) tracker.checkRead();
  });
}

function heal(stage: Stage): void {
  const { world, trackers, clients } = stage;
  world.network.heal();
  world.register.isDown = false;
  for (const tracker of trackers) {
    tracker.resume();
    tracker.makeRoom();
  }
  startAgain(stage);
  for (const client of clients) client.isStopping = true;
}

function converge(stage: Stage): void {
  const { options, time } = stage.world;
  const withinMs = options.hasRegister ? CONVERGE_MS : PERSON_MS;
  const endMs = time.now + withinMs;
  while (!isConverged(stage)) {
    if (time.now >= endMs) throw new Violation(`Not together after ${withinMs} ms: ${describe(stage)}`);
    runFor(stage, 100);
    startAgain(stage);
  }
  for (const tracker of stage.trackers) tracker.checkReplay();
}

/** Some were asked to end, or had no room, before all was healed, and only now do. */
function startAgain({ trackers }: Stage): void {
  for (const tracker of trackers) {
    if (tracker.role === 'failed') tracker.crash();
    tracker.start();
  }
}

function isConverged({ world: { invariants }, trackers, clients }: Stage): boolean {
  const [first] = trackers;
  return (
    clients.every((client) => client.isIdle) &&
    trackers.filter((tracker) => tracker.role === 'primary').length === 1 &&
    trackers.every((tracker) => tracker.role === 'primary' || tracker.role === 'backup') &&
    trackers.every((tracker) => first !== undefined && sameBytes(tracker.head.hash, first.head.hash)) &&
    trackers.every((tracker) => tracker.acknowledgedIndex === tracker.head.index) &&
    (invariants.isExcused || !invariants.knowsHistory || first?.head.index === invariants.committed)
  );
}

/**
 * A register that lost something may cost acknowledged writes; but then a person is told, unless it came again to where it
 * was before anybody looked who remembers.
 */
function requireToldOf(stage: Stage): void {
  runFor(stage, CONVERGE_MS);
  const { register, invariants } = stage.world;
  const { broken, isToldOfRegister } = invariants;
  if (broken !== undefined && !isToldOfRegister && !register.hasCaughtUp)
    throw new Violation(`Nobody was told of the register, and ${broken}`);
}

function describe({ world: { invariants }, trackers, clients }: Stage): string {
  const all = trackers.map(
    ({ name, role, head, acknowledgedIndex }) =>
      `${name} ${role} ${acknowledgedIndex}/${head.index} of ${head.epoch}`,
  );
  const busy = clients.filter((client) => !client.isIdle).length;
  const { committed, latest } = invariants;
  return `${all.join(', ')}; ${committed} committed, epoch ${latest.epoch}, ${busy} clients wait`;
}
