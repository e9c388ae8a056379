/**
 * What a figure is: something that is measured, of ours and of others, in rounds that alternate.
 *
 * A figure prepares its contenders, each of which runs one round at a time and answers a sample. How often, in which
 * order, and what becomes of the samples is decided elsewhere: a figure neither repeats itself nor prints.
 */

/** What one round gave, by unit: `{ mbPerSecond: 480, cpuSecondsPerGib: 3.6 }`. */
export interface Sample {
  readonly [unit: string]: number;
}

/** One program or library that takes part. */
export interface Contender {
  readonly name: string;
  readonly version: string;
  /** One round. Rejects when it failed or a byte was wrong: the contender is void then, and has no number at all. */
  run(): Promise<Sample>;
}

/** What ours owes. */
export interface Target {
  /** The name of another contender, or a number in the unit that is judged. */
  readonly against: string | number;
  /** How many times that: at least, where more is better, and at most, where less is. */
  readonly ratio: number;
  /** In words for people: `>= 1.5x libtorrent in plaintext`. */
  readonly text: string;
  /** The unit that is judged, if not the figure's. */
  readonly unit?: string;
  /** What is better in that unit, if not as in the figure's. */
  readonly better?: Better;
}

export type Better = 'more' | 'less';

export interface Figure {
  /** What it is called on the command line. */
  readonly id: string;
  readonly title: string;
  /** The key of the samples that is judged, and drawn. */
  readonly unit: string;
  readonly better: Better;
  readonly targets: readonly Target[];
  /** Measured rounds by form, and the rounds before them that do not count; see `DEFAULT_ROUNDS`. */
  readonly rounds?: Rounds;
  /** Rejects with `NotMeasurable` where this machine lacks what the figure needs. */
  prepare(options: BenchOptions): Promise<Prepared>;
}

/** This machine cannot do what a figure needs: that is named, and nothing has failed. */
export class NotMeasurable extends Error {
  override readonly name = 'NotMeasurable';
}

export interface Rounds {
  readonly warmUp: number;
  readonly short: number;
  readonly long: number;
}

export interface BenchOptions {
  /** `short` makes all figures together in a quarter of an hour, `long` those that are published. */
  readonly form: 'short' | 'long';
  /** A temporary folder of this figure alone, removed after it. */
  readonly folder: string;
  /** Tells people what takes long. */
  say(line: string): void;
}

export interface Prepared {
  /** Ours first. */
  readonly contenders: readonly Contender[];
  /** Peers that are not on this machine, each with what would bring it: `aria2 (apt-get install aria2)`. */
  readonly missing: readonly string[];
  /** Peers that could be here and do not take part, each with the reason; none unless given. */
  readonly leftOut?: readonly string[];
  /** Ends whatever still runs. */
  close(): Promise<void>;
}
