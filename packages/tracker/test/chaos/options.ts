/** What a run is told. */
import type { Cables } from './cables.ts';
import type { ChaosBug } from './orders.ts';

export interface ChaosOptions {
  readonly journal: 'sqlite' | 'postgres';
  /** Processes to be killed with SIGKILL; the run ends when that many were. */
  readonly kills: number;
  /** The faults follow from it; what the processes make of them does not. */
  readonly seed: number;
  readonly clients: number;
  readonly cutBy: Cables['kind'];
  /** A mistake to be planted in the trackers, to see it noticed. */
  readonly planted: ChaosBug | undefined;
}
