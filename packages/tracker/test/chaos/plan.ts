/**
 * The faults of a run, drawn from its seed: what happens, to whom, for how long. None of them is beyond what the trackers
 * promise to survive: no disk is lost whose content is nowhere else, and the witness keeps what it has.
 */
import type { Chance } from '../simulation/chance.ts';
import type { ChaosOptions } from './options.ts';

export type FaultKind =
  /** Comes again when another one has taken over, on an empty disk at times. */
  | 'kill_primary'
  /** Comes again at once. */
  | 'kill_primary_briefly'
  | 'kill_backup'
  /** While the backup does not answer, and before it is out of the in-sync set. */
  | 'kill_primary_behind_backup'
  /** The backup, later the primary; and the backup, which lacks something by then, comes again first. */
  | 'kill_one_after_the_other'
  | 'kill_tracker'
  | 'kill_all'
  | 'kill_witness'
  | 'kill_database'
  | 'stop_primary'
  | 'stop_backup'
  | 'stop_tracker'
  /** From everybody. */
  | 'cut_primary'
  | 'cut_backup'
  | 'cut_tracker'
  /** From all but the clients. */
  | 'cut_primary_inside'
  | 'cut_from_database'
  /** From each other only. */
  | 'cut_trackers'
  /** Asked to end: it hands over. */
  | 'end_primary'
  | 'end_backup'
  | 'end_tracker'
  /** Several faults one upon the other. */
  | 'storm';

export interface StormStep {
  readonly afterMs: number;
  readonly kind: 'kill' | 'kill_third' | 'stop' | 'cut' | 'cut_pair' | 'end' | 'repair';
  readonly which: number;
}

export interface Fault {
  readonly kind: FaultKind;
  /** Of calm before it. */
  readonly pauseMs: number;
  /** How long something is stopped or cut. */
  readonly lengthMs: number;
  /** How long a process stays away after it ended. */
  readonly downMs: number;
  /** It comes again on an empty disk. */
  readonly wipes: boolean;
  /** Whom it meets, where that is left open. */
  readonly which: number;
  /** Of a storm. */
  readonly steps: readonly StormStep[];
}

/** The next fault. */
export function drawFault(journal: ChaosOptions['journal'], chance: Chance): Fault {
  const kind = chance.pick(LOTS[journal]);
  return {
    kind,
    pauseMs: chance.between(0, 400),
    lengthMs: chance.oneIn(3) ? chance.between(1_000, 5_000) : chance.between(200, 1_500),
    downMs: chance.oneIn(4) ? chance.between(500, 2_500) : chance.between(0, 500),
    wipes: chance.oneIn(5),
    which: chance.between(0, 59),
    steps: kind === 'storm' ? Array.from({ length: chance.between(3, 6) }, () => drawStep(chance)) : [],
  };
}

function drawStep(chance: Chance): StormStep {
  return {
    afterMs: chance.between(20, 1_500),
    kind: chance.pick([
      ...(['kill', 'kill', 'kill', 'kill_third', 'stop', 'cut', 'cut_pair', 'end', 'repair'] as const),
    ]),
    which: chance.between(0, 59),
  };
}

/** Each kind as often as it shall be drawn among the others. */
const LOTS: Readonly<Record<ChaosOptions['journal'], readonly FaultKind[]>> = {
  sqlite: lots({
    kill_primary: 40,
    kill_primary_briefly: 10,
    kill_backup: 8,
    kill_primary_behind_backup: 5,
    kill_one_after_the_other: 3,
    kill_all: 5,
    kill_witness: 4,
    stop_primary: 4,
    stop_backup: 2,
    cut_primary: 4,
    cut_backup: 2,
    cut_primary_inside: 3,
    cut_trackers: 3,
    end_primary: 4,
    end_backup: 1,
    storm: 6,
  }),
  postgres: lots({
    kill_tracker: 50,
    kill_all: 6,
    kill_database: 8,
    stop_tracker: 8,
    cut_tracker: 8,
    cut_from_database: 6,
    end_tracker: 6,
    storm: 8,
  }),
};

function lots(weights: Partial<Record<FaultKind, number>>): readonly FaultKind[] {
  // The keys of the object are those of its type.
  const kinds = Object.keys(weights) as FaultKind[];
  return kinds.flatMap((kind) => Array<FaultKind>(weights[kind] ?? 0).fill(kind));
}
