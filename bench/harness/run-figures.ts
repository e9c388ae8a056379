/** Measures figures one after the other, and tells of each as soon as it is there: an hour's work is lost to no crash. */
import type { Figure } from './figure.ts';
import { describeMachine } from './machine.ts';
import { measureFigure } from './measure.ts';
import type { FigureResult, RunResult } from './result.ts';
import { formatFigure, formatRun } from './table.ts';

export interface RunOptions {
  readonly form: 'short' | 'long';
  /** Measured rounds, instead of each figure's own number. */
  readonly rounds?: number;
  /** The table, piece by piece. */
  print(text: string): void;
  /** Tells people what takes long. */
  say(line: string): void;
  /** Everything that has been measured, after each figure. */
  save(result: RunResult): Promise<void>;
}

export async function runFigures(figures: readonly Figure[], options: RunOptions): Promise<RunResult> {
  const { form, rounds, print, say, save } = options;
  const begun = { form, startedAt: new Date().toISOString(), machine: describeMachine() };
  print(`${formatRun({ ...begun, figures: [] })}\n`);
  const measured: FigureResult[] = [];
  for (const figure of figures) {
    const tell = (line: string) => say(`${figure.id}: ${line}`);
    const result = await measureFigure(figure, {
      form,
      say: tell,
      ...(rounds === undefined ? {} : { rounds }),
    });
    print(`${formatFigure(result)}\n`);
    measured.push(result);
    await save({ ...begun, figures: [...measured] });
  }
  return { ...begun, figures: measured };
}
