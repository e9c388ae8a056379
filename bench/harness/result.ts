/** What a run leaves: plain data that goes into a JSON file as it is, and from which the table and the chart are made. */
import type { Better, Sample } from './figure.ts';
import type { Summary } from './statistics.ts';

export interface RunResult {
  readonly form: 'short' | 'long';
  /** ISO 8601. */
  readonly startedAt: string;
  readonly machine: Machine;
  readonly figures: readonly FigureResult[];
}

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly system: string;
  readonly node: string;
  /** The commit that was measured, with a `+` if there were changes on top of it. */
  readonly commit: string;
}

export interface FigureResult {
  readonly id: string;
  readonly title: string;
  readonly unit: string;
  readonly better: Better;
  /** Ours first; none if the figure failed, or cannot be measured. */
  readonly contenders: readonly ContenderResult[];
  readonly targets: readonly TargetResult[];
  readonly missing: readonly string[];
  /** Peers that could be here and do not take part, each with the reason; none unless given. */
  readonly leftOut?: readonly string[];
  /** What this machine lacks for the figure: it says nothing of ours. */
  readonly notMeasurable?: string;
  /** What went wrong, so that there is no figure. */
  readonly problem?: string;
}

export interface ContenderResult {
  readonly name: string;
  readonly version: string;
  /** In the order of the rounds; empty when void. */
  readonly samples: readonly Sample[];
  readonly units: Readonly<Record<string, Summary>>;
  /** Why it has no numbers. */
  readonly void?: string;
}

export interface TargetResult {
  readonly text: string;
  readonly unit: string;
  /** How many times what it is compared with ours is; undefined where either has no number. */
  readonly ratio?: number;
  /** Undefined where it cannot be said. */
  readonly met?: boolean;
}

/** Whether ours has a number in every figure that this machine can measure. */
export function isSound(result: RunResult): boolean {
  return result.figures.every(({ contenders: [ours], notMeasurable, problem }) => {
    if (notMeasurable !== undefined) return true;
    return problem === undefined && ours !== undefined && ours.void === undefined;
  });
}

/** The targets that were missed; one that could not be judged is not among them. */
export function missedTargets(result: RunResult): TargetResult[] {
  return result.figures.flatMap(({ targets }) => targets.filter(({ met }) => met === false));
}
