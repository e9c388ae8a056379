/**
 * Measures a figure: prepares it, lets its contenders run in turns (ours, theirs, ours, theirs), and sums up.
 *
 * Turns, because a shared machine is a third slower at times: whatever disturbs one round of ours disturbs the round of
 * theirs next to it. A contender that fails once is void from then on, whatever it did before.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type BenchOptions,
  type Contender,
  type Figure,
  NotMeasurable,
  type Rounds,
  type Sample,
} from './figure.ts';
import { judge } from './judge.ts';
import type { ContenderResult, FigureResult } from './result.ts';
import { summarizeUnits } from './statistics.ts';

export const DEFAULT_ROUNDS: Rounds = { warmUp: 1, short: 3, long: 9 };

export interface MeasureOptions {
  readonly form: 'short' | 'long';
  /** Measured rounds, instead of the figure's own number. */
  readonly rounds?: number;
  say(line: string): void;
}

export async function measureFigure(figure: Figure, options: MeasureOptions): Promise<FigureResult> {
  const { id, title, unit, better } = figure;
  const base = { id, title, unit, better };
  const folder = await mkdtemp(join(tmpdir(), `minitorrent-bench-${id}-`));
  try {
    const prepared = await figure.prepare({ form: options.form, folder, say: options.say });
    try {
      const contenders = await runRounds(prepared.contenders, roundsOf(figure, options), options.say);
      const { missing, leftOut = [] } = prepared;
      return { ...base, contenders, targets: judge(figure, contenders), missing, leftOut };
    } finally {
      await prepared.close();
    }
  } catch (error) {
    return {
      ...base,
      contenders: [],
      targets: judge(figure, []),
      missing: [],
      ...whyNot(error),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function whyNot(error: unknown): Pick<FigureResult, 'notMeasurable' | 'problem'> {
  const why = describeError(error);
  return error instanceof NotMeasurable ? { notMeasurable: why } : { problem: why };
}

function roundsOf(figure: Figure, { form, rounds }: MeasureOptions): { warmUp: number; measured: number } {
  const own = figure.rounds ?? DEFAULT_ROUNDS;
  return { warmUp: own.warmUp, measured: rounds ?? own[form] };
}

/** All rounds of all contenders, interleaved; those that warm up are run and left out. */
export async function runRounds(
  contenders: readonly Contender[],
  { warmUp, measured }: { readonly warmUp: number; readonly measured: number },
  say: BenchOptions['say'],
): Promise<ContenderResult[]> {
  const runs = contenders.map((contender) => ({ contender, samples: [] as Sample[], problem: '' }));
  for (let round = 0; round < warmUp + measured; round += 1) {
    for (const run of runs.filter(({ problem }) => problem === '')) {
      try {
        const sample = await run.contender.run();
        if (round >= warmUp) run.samples.push(checkSample(sample));
      } catch (error) {
        run.problem = describeError(error);
        say(`${run.contender.name} is void: ${run.problem}`);
      }
    }
  }
  return runs.map(({ contender: { name, version }, samples, problem }) =>
    problem === ''
      ? { name, version, samples, units: summarizeUnits(samples) }
      : { name, version, samples: [], units: {}, void: problem },
  );
}

/** A number that is none would go unnoticed through medians and JSON. */
function checkSample(sample: Sample): Sample {
  for (const [unit, value] of Object.entries(sample)) {
    if (!Number.isFinite(value)) throw new RangeError(`It answered ${value} as its ${unit}`);
  }
  return sample;
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : ` (${describeError(error.cause)})`;
  return `${error.message.trim()}${cause}` || error.name;
}
