/** What goes wrong, and when: each kind of fault comes again and again, at random, until the network is healed. */
import type { Chance } from './chance.ts';
import { bothWays } from './network.ts';
import { REGISTER } from './simulated-register.ts';
import { pauseMs, type SimulatedTracker } from './simulated-tracker.ts';
import { callAsStranger } from './stranger.ts';
import type { World } from './world.ts';

/** How often one tracker after the other is asked to end in a calm run. */
const ENDINGS_EVERY_MS = 4_000;

export function scheduleFaults(world: World, trackers: readonly SimulatedTracker[], chance: Chance): void {
  const { options } = world;
  const every = (everyMs: number, fault: () => void): void => repeat(world, chance, everyMs, fault);
  const any = (): SimulatedTracker => chance.pick(trackers);
  every(options.crashEveryMs, () => stopTracker(world, any(), chance));
  every(options.pauseEveryMs, () => any().pause(pauseMs(chance)));
  every(options.jumpEveryMs, () => any().jump(chance.between(100, 5_000)));
  every(options.fullDiskEveryMs, () => fillDisk(world, any(), chance));
  every(options.partitionEveryMs, () => partition(world, any().name, chance));
  every(options.compactEveryMs, () => any().compact());
  every(options.strangerEveryMs, () => callAsStranger(world, chance));
  if (options.hasRegister) every(options.registerOutageEveryMs, () => stopRegister(world, chance));
  if (options.kind === 'old_register')
    every(options.faultsMs / 2, () => restoreRegister(world, trackers, chance));
  if (options.kind === 'calm') every(ENDINGS_EVERY_MS, () => restartInGoodOrder(world, trackers, chance));
}

function repeat(world: World, chance: Chance, everyMs: number, fault: () => void): void {
  if (everyMs > world.options.faultsMs * 10) return;
  world.time.after(chance.between(1, 2 * everyMs), () => {
    if (world.network.isHealed) return;
    fault();
    repeat(world, chance, everyMs, fault);
  });
}

/** Some are asked to end first, and some of those are killed before they have. */
function stopTracker(world: World, tracker: SimulatedTracker, chance: Chance): void {
  const { counts, time } = world;
  const backMs = chance.between(20, 4_000);
  if (tracker.role === 'primary' && chance.oneIn(3)) {
    tracker.terminate();
    if (chance.oneIn(2)) {
      counts.killedEndings += 1;
      time.after(chance.between(0, 600), () => tracker.crash());
    }
    time.after(3_100 + backMs, () => tracker.start());
    return;
  }
  tracker.crash();
  // What is lost with the only one that is in sync is lost: that no protocol can help.
  if (isSpare(world, tracker) && chance.oneIn(3)) {
    counts.wipes += 1;
    tracker.wipe();
  }
  time.after(backMs, () => tracker.start());
}

function isSpare({ register, invariants }: World, { storeId }: SimulatedTracker): boolean {
  const { latest } = invariants;
  return latest.epoch > 0 && ![...latest.inSync, ...register.cell.config.inSync].includes(storeId);
}

/** Until somebody makes room and starts the tracker again. */
function fillDisk({ time }: World, tracker: SimulatedTracker, chance: Chance): void {
  tracker.fillDisk();
  time.after(chance.between(500, 6_000), () => {
    tracker.makeRoom();
    if (tracker.role === 'failed') tracker.restart();
  });
}

function partition({ trackers, counts, network }: World, a: string, chance: Chance): void {
  const places = [...trackers.keys(), REGISTER];
  const b = chance.pick([...places, REGISTER, 'client-0'].filter((name) => name !== a));
  const others = places.filter((name) => name !== a);
  // The last: from all of the cluster, and from no client.
  const alone = others.flatMap((name) => bothWays(a, name));
  counts.partitions += 1;
  network.cut(chance.pick([[[a, b]], [[b, a]], bothWays(a, b), alone]), {
    forMs: chance.between(100, 5_000),
  });
}

function stopRegister({ register, counts, options, time }: World, chance: Chance): void {
  counts.registerOutages += 1;
  register.isDown = true;
  if (options.planted === 'register_restarts_empty') register.restartEmpty();
  time.after(chance.between(50, options.registerOutageMs), () => {
    register.isDown = false;
  });
}

/** At times together with all trackers, as when the power of a whole room fails: they remember nothing but journals. */
function restoreRegister(
  { register, counts, invariants, time }: World,
  trackers: readonly SimulatedTracker[],
  chance: Chance,
): void {
  if (!register.restoreOldCopy(chance)) return;
  counts.registerRestores += 1;
  invariants.excuse();
  if (chance.oneIn(2)) return;
  for (const tracker of trackers) {
    tracker.crash();
    time.after(chance.between(20, 4_000), () => tracker.start());
  }
}

/** As an operator does who brings a new version: one after the other, while all are well. Or as one machine fails. */
function restartInGoodOrder(world: World, trackers: readonly SimulatedTracker[], chance: Chance): void {
  if (!isWell(world, trackers)) return;
  world.wellSince = Math.min(world.wellSince, world.time.now);
  const tracker = chance.pick(trackers);
  // Without a register nobody may leave out a backup that ends: the others wait for it, or for a person.
  if (!world.options.hasRegister && tracker.role !== 'primary') return;
  if (world.options.kills) tracker.crash();
  else tracker.terminate();
  world.time.after(chance.between(500, 3_500), () => tracker.start());
}

/** One leads, all others are in sync and know it. */
function isWell({ invariants }: World, all: readonly SimulatedTracker[]): boolean {
  return (
    all.filter(({ role }) => role === 'primary').length === 1 &&
    all.every(({ role }) => role === 'primary' || role === 'backup') &&
    all.every(({ isAwake, isEnding }) => isAwake && !isEnding) &&
    all.every(({ storeId }) => invariants.latest.inSync.includes(storeId))
  );
}
