/** What goes wrong, and when: each kind of fault comes again and again, at random, until the network is healed. */
import type { Chance } from './chance.ts';
import { REGISTER } from './simulated-register.ts';
import type { SimulatedTracker, World } from './simulated-tracker.ts';

export function scheduleFaults(world: World, chance: Chance): void {
  const { options } = world;
  repeat(world, chance, options.crashEveryMs, () => crash(world, chance));
  repeat(world, chance, options.partitionEveryMs, () => partition(world, chance));
  repeat(world, chance, options.registerOutageEveryMs, () => stopRegister(world, chance));
  repeat(world, chance, options.compactEveryMs, () => anyTracker(world, chance).compact());
}

function repeat(world: World, chance: Chance, everyMs: number, fault: () => void): void {
  world.time.after(chance.between(1, 2 * everyMs), () => {
    if (world.network.isHealed) return;
    fault();
    repeat(world, chance, everyMs, fault);
  });
}

function crash(world: World, chance: Chance): void {
  const tracker = anyTracker(world, chance);
  const { counts, time, register } = world;
  const backMs = chance.between(20, 4_000);
  if (tracker.role === 'primary' && chance.oneIn(3)) {
    counts.handOvers += 1;
    tracker.handOver();
    time.after(chance.between(0, 600), () => tracker.crash());
    time.after(600 + backMs, () => tracker.start());
    return;
  }
  tracker.crash();
  const { config } = register.cell;
  // What is lost with the only one that is in sync is lost: that no protocol can help.
  const isSpare = config.epoch > 0 && !config.inSync.includes(tracker.storeId);
  if (isSpare && chance.oneIn(3)) {
    counts.wipes += 1;
    tracker.wipe();
  }
  time.after(backMs, () => tracker.start());
}

function partition(world: World, chance: Chance): void {
  const { network, trackers, counts, time } = world;
  const a = anyTracker(world, chance).name;
  const b = chance.pick([...trackers.keys(), REGISTER, REGISTER, 'client-0'].filter((name) => name !== a));
  const ways = chance.pick([
    [[a, b]],
    [[b, a]],
    [
      [a, b],
      [b, a],
    ],
  ]);
  counts.partitions += 1;
  for (const [from = '', to = ''] of ways) {
    network.block(from, to);
    time.after(chance.between(100, 5_000), () => network.unblock(from, to));
  }
}

function stopRegister({ register, counts, options, time }: World, chance: Chance): void {
  counts.registerOutages += 1;
  register.isDown = true;
  if (options.planted === 'register_restarts_empty') register.restartEmpty();
  time.after(chance.between(50, 4_000), () => {
    register.isDown = false;
  });
}

function anyTracker({ trackers }: World, chance: Chance): SimulatedTracker {
  return chance.pick([...trackers.values()]);
}
