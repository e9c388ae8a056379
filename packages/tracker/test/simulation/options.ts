/** What one run is made of; everything follows from the seed and these. */
import type { PlantedBug } from '../../src/replication/member.ts';
import type { Chance } from './chance.ts';

/** Mistakes of the core, of the disk, of the register and of the shell. */
export type SimulatedBug = PlantedBug | 'skip_fsync' | 'register_restarts_empty' | 'read_without_asking';

/** Whether the replication core makes this mistake. */
export function isOfCore(bug: SimulatedBug | undefined): bug is PlantedBug {
  if (bug === undefined) return false;
  return !['skip_fsync', 'register_restarts_empty', 'read_without_asking'].includes(bug);
}

/**
 * `faults`: a register, and everything goes wrong. `person`: no register; a person promotes, and knows who may be promoted.
 * `careless`: no register, and a person who promotes anybody. `old_register`: a register that goes back to an old copy.
 * `calm`: nothing goes wrong, but one tracker after the other is asked to end, or killed, and starts again.
 */
export type Kind = 'faults' | 'person' | 'careless' | 'old_register' | 'calm';

export interface SimulationOptions {
  readonly seed: number;
  readonly kind: Kind;
  readonly hasRegister: boolean;
  readonly trackers: number;
  /** Entries of epoch 1 that the first tracker has from the time when it stood alone. */
  readonly ownEntries: number;
  readonly clients: number;
  /** How long there are faults; then everything is healed. */
  readonly faultsMs: number;
  /** Of all messages, how many in a thousand. */
  readonly lossPerMille: number;
  readonly duplicatePerMille: number;
  readonly slowPerMille: number;
  /** Of those that carry entries. */
  readonly damagePerMille: number;
  /** Mean times between faults. */
  readonly crashEveryMs: number;
  readonly pauseEveryMs: number;
  readonly jumpEveryMs: number;
  readonly fullDiskEveryMs: number;
  readonly partitionEveryMs: number;
  /** After one in so many swaps that it asks for, a tracker is cut off, and hears nothing of the outcome. */
  readonly swapsPerCut: number;
  /** One in so many processes does not reach the register when it starts. */
  readonly startsPerCut: number;
  readonly registerOutageEveryMs: number;
  readonly registerOutageMs: number;
  readonly compactEveryMs: number;
  readonly strangerEveryMs: number;
  /** One in so many effects is the last one of its process, or the last before a pause. */
  readonly effectsPerCrash: number;
  readonly effectsPerPause: number;
  /** While a process is paused, its clock stands still, too: then an authoritative read may miss something. */
  readonly suspends: boolean;
  readonly diskMs: number;
  /** Clocks run up to this many thousandths too fast or too slow. */
  readonly driftPerMille: number;
  /** Entries that the replication core keeps in memory. */
  readonly windowEntries: number;
  /** Messages go through their codecs. */
  readonly encodes: boolean;
  /** In a calm run a tracker is killed instead of asked to end. */
  readonly kills: boolean;
  /** No client waits longer, once all trackers were in sync. */
  readonly boundMs: number;
  readonly planted: SimulatedBug | undefined;
}

/** A hand-over takes some messages and disk writes; the rest is that clients look for the new primary. */
const ENDING_BOUND_MS = 1_000;
/** A takeover is due after 2.5 s at most, on a clock that is 15 % slow; the same clients look for it. */
const KILL_BOUND_MS = 4_500;
const NEVER_MS = 1e9;
const NEVER_EFFECTS = 2 ** 31;

/** The options of a seed: calm and wild runs, slow and fast disks, two or three trackers, with a register or a person. */
export function drawOptions(
  seed: number,
  chance: Chance,
  planted: SimulatedBug | undefined,
): SimulationOptions {
  const kind = { ...OCCASIONS[planted ?? 'none'] }.kind ?? drawKind(chance);
  const drawn: SimulationOptions = {
    seed,
    kind,
    hasRegister: kind === 'faults' || kind === 'old_register' || (kind === 'calm' && chance.oneIn(2)),
    trackers: chance.oneIn(3) ? 3 : 2,
    ownEntries: chance.pick([0, 0, 3, 20]),
    clients: chance.between(2, 4),
    faultsMs: chance.between(6_000, 14_000),
    lossPerMille: chance.pick([0, 5, 20, 80]),
    duplicatePerMille: chance.pick([0, 5, 30]),
    slowPerMille: chance.pick([0, 10, 60]),
    damagePerMille: chance.pick([0, 0, 5, 30]),
    crashEveryMs: chance.pick([1_200, 2_500, 6_000]),
    pauseEveryMs: chance.pick([1_500, 4_000, NEVER_MS]),
    jumpEveryMs: chance.pick([2_000, 8_000, NEVER_MS]),
    fullDiskEveryMs: chance.pick([4_000, 15_000, NEVER_MS]),
    partitionEveryMs: chance.pick([1_000, 2_500, 8_000]),
    swapsPerCut: chance.pick([3, 20, NEVER_EFFECTS]),
    startsPerCut: chance.pick([3, 20, NEVER_EFFECTS]),
    registerOutageEveryMs: chance.pick([2_000, 5_000, 20_000]),
    registerOutageMs: chance.pick([4_000, 4_000, 60_000]),
    compactEveryMs: chance.pick([700, 3_000, 60_000]),
    strangerEveryMs: chance.pick([700, 5_000, NEVER_MS]),
    effectsPerCrash: chance.pick([300, 1_500, NEVER_EFFECTS]),
    effectsPerPause: chance.pick([400, 2_000, NEVER_EFFECTS]),
    suspends: chance.oneIn(6),
    diskMs: chance.pick([1, 6, 40]),
    driftPerMille: chance.pick([0, 20, 150]),
    windowEntries: chance.pick([8, 40, 1_000]),
    encodes: chance.oneIn(20),
    kills: false,
    boundMs: NEVER_MS,
    planted,
  };
  if (kind !== 'calm') return { ...drawn, ...OCCASIONS[planted ?? 'none'] };
  const kills = drawn.hasRegister && chance.oneIn(2);
  return { ...drawn, ...CALM, kills, boundMs: kills ? KILL_BOUND_MS : ENDING_BOUND_MS };
}

function drawKind(chance: Chance): Kind {
  const drawn = chance.between(1, 100);
  if (drawn <= 55) return 'faults';
  if (drawn <= 82) return 'person';
  if (drawn <= 88) return 'careless';
  return drawn <= 94 ? 'old_register' : 'calm';
}

const CALM: Partial<SimulationOptions> = {
  ...{ lossPerMille: 0, duplicatePerMille: 0, slowPerMille: 0, damagePerMille: 0 },
  ...{ crashEveryMs: NEVER_MS, pauseEveryMs: NEVER_MS, jumpEveryMs: NEVER_MS, fullDiskEveryMs: NEVER_MS },
  ...{ partitionEveryMs: NEVER_MS, registerOutageEveryMs: NEVER_MS, strangerEveryMs: NEVER_MS },
  ...{
    swapsPerCut: NEVER_EFFECTS,
    effectsPerCrash: NEVER_EFFECTS,
    effectsPerPause: NEVER_EFFECTS,
    suspends: false,
    diskMs: 6,
  },
  boundMs: 1_000,
};

/** What a mistake needs to show soon; without it, it shows in one of hundreds or thousands of runs. */
const OCCASIONS: Readonly<Partial<Record<SimulatedBug | 'none', Partial<SimulationOptions>>>> = {
  acknowledge_early: { kind: 'faults', diskMs: 40, crashEveryMs: 2_500, lossPerMille: 80 },
  // Swaps are done, and who asked for them does not hear of it.
  no_joint_rule: { kind: 'faults', swapsPerCut: 2 },
  forget_unknown_swaps: { kind: 'faults', swapsPerCut: 2 },
  skip_fsync: { kind: 'faults' },
  take_over_without_being_in_sync: { kind: 'faults' },
  register_restarts_empty: { kind: 'faults' },
  // Cut off from the register and from its backup, and from nobody else.
  read_without_lease: { ...CALM, kind: 'faults', trackers: 2, partitionEveryMs: 1_000 },
  read_without_asking: { ...CALM, kind: 'faults', trackers: 2, partitionEveryMs: 1_000 },
  count_pauses: { ...CALM, kind: 'faults', trackers: 2, partitionEveryMs: 1_000, jumpEveryMs: 500 },
  promote_at_once: { kind: 'person', suspends: false, crashEveryMs: 6_000, partitionEveryMs: 1_000 },
  promote_without_mark: { kind: 'person' },
  drop_without_register: { kind: 'person', trackers: 3, partitionEveryMs: 1_000 },
};
