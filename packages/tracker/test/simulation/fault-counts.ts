/** How many faults a run, or many runs, injected, by kind. */
export interface FaultCounts {
  lost: number;
  doubled: number;
  slow: number;
  /** By a partition. */
  stopped: number;
  /** Entries that were changed, dropped or moved on their way. */
  damaged: number;
  partitions: number;
  crashes: number;
  crashesAtAnEffect: number;
  pauses: number;
  pausesAtAnEffect: number;
  /** Pauses in which the clock stood still, too. */
  suspends: number;
  clockJumps: number;
  wipes: number;
  diskFailures: number;
  /** Processes that were asked to end, and ended in good order. */
  endings: number;
  /** Such that were killed before they had ended. */
  killedEndings: number;
  compactions: number;
  /** Entries that were appended, not yet durable, and gone or cut in the middle after a crash. */
  unsyncedLost: number;
  registerOutages: number;
  registerRestores: number;
  unknownSwaps: number;
  promotions: number;
  /** Of a tracker that another one did not wait for. */
  wrongPromotions: number;
  strangers: number;
  /** What trackers told a person; not a fault by itself. */
  told: number;
}

export function noFaults(): FaultCounts {
  return {
    lost: 0,
    doubled: 0,
    slow: 0,
    stopped: 0,
    damaged: 0,
    partitions: 0,
    crashes: 0,
    crashesAtAnEffect: 0,
    pauses: 0,
    pausesAtAnEffect: 0,
    suspends: 0,
    clockJumps: 0,
    wipes: 0,
    diskFailures: 0,
    endings: 0,
    killedEndings: 0,
    compactions: 0,
    unsyncedLost: 0,
    registerOutages: 0,
    registerRestores: 0,
    unknownSwaps: 0,
    promotions: 0,
    wrongPromotions: 0,
    strangers: 0,
    told: 0,
  };
}

export function addFaults(sum: FaultCounts, more: FaultCounts): void {
  for (const name of Object.keys(sum) as (keyof FaultCounts)[]) sum[name] += more[name];
}
