/** How many faults a run, or many runs, injected. */
export interface FaultCounts {
  lost: number;
  doubled: number;
  slow: number;
  /** By a partition. */
  stopped: number;
  partitions: number;
  crashes: number;
  crashesAtAnEffect: number;
  wipes: number;
  handOvers: number;
  compactions: number;
  /** Entries that were appended, not yet durable, and gone or cut in the middle after a crash. */
  unsyncedLost: number;
  registerOutages: number;
  unknownSwaps: number;
}

export function noFaults(): FaultCounts {
  return {
    lost: 0,
    doubled: 0,
    slow: 0,
    stopped: 0,
    partitions: 0,
    crashes: 0,
    crashesAtAnEffect: 0,
    wipes: 0,
    handOvers: 0,
    compactions: 0,
    unsyncedLost: 0,
    registerOutages: 0,
    unknownSwaps: 0,
  };
}

export function addFaults(sum: FaultCounts, more: FaultCounts): void {
  for (const name of Object.keys(sum) as (keyof FaultCounts)[]) sum[name] += more[name];
}
