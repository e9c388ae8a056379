/**
 * A person who promotes trackers, for clusters without a register.
 *
 * A person who knows the rules promotes only a tracker that is in sync under the newest config that holds anywhere, which
 * `tracker status` of the trackers shows together, and none whose answer to an earlier promotion is still owed. A careless
 * one promotes anybody. From the first promotion of a tracker that another one did not wait for, acknowledged writes may
 * be lost; nothing else may.
 */
import type { Chance } from './chance.ts';
import type { Machine, World } from './world.ts';

const LOOKS_EVERY_MS = 1_500;

export function scheduleOperator(world: World, chance: Chance): void {
  world.time.after(chance.between(1, 2 * LOOKS_EVERY_MS), () => {
    look(world, chance);
    scheduleOperator(world, chance);
  });
}

function look(world: World, chance: Chance): void {
  const { trackers, options, network } = world;
  const awake = [...trackers.values()].filter(({ isAwake, role }) => isAwake && role !== 'failed');
  const isLed = awake.some(({ role }) => role === 'primary' || role === 'candidate');
  // Now and then for no reason at all.
  const isRestless = options.kind !== 'calm' && !network.isHealed;
  // In the end whoever does not follow the one that leads is told by a later promotion.
  const isSplit = network.isHealed && awake.some(({ role }) => role === 'safe');
  if (isLed && !isSplit && !(isRestless && chance.oneIn(12))) return;
  const mayBePromoted = awake.filter((tracker) => isWaitedFor(world, tracker));
  const isCareless = options.kind === 'careless' && !network.isHealed;
  const choice = isCareless ? awake : mayBePromoted;
  if (choice.length > 0) promote(world, chance.pick(choice));
}

/** Promotes `tracker`, for better or worse. */
export function promote(world: World, tracker: Machine): void {
  const { counts, invariants } = world;
  counts.promotions += 1;
  if (!isWaitedFor(world, tracker)) {
    counts.wrongPromotions += 1;
    invariants.excuse();
  }
  tracker.promote();
}

/** Nobody acknowledges a write that this one does not have. */
function isWaitedFor({ invariants, trackers }: World, { storeId }: Machine): boolean {
  const { epoch, inSync } = invariants.latest;
  if (epoch > 0) return inSync.includes(storeId);
  // Before the first promotion: whoever has something.
  const [first] = trackers.values();
  return first?.storeId === storeId;
}
