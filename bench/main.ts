/**
 * `pnpm bench [figure ...]` measures the figures, all if none is named, and prints a table.
 *
 * --long            the form that is published: larger, and with more rounds
 * --rounds N        measured rounds, instead of each figure's own number
 * --json FILE       writes machine, versions, every sample, medians and spread, after each figure
 * --chart FILE      draws the figures as SVG
 * --from FILE       measures nothing: table and chart of an earlier --json
 * --require-targets exits with 1 when a target is missed
 * --list            names the figures
 *
 * It exits with 1 when ours failed or gave wrong bytes, and with 2 when it was not understood. A figure that this machine
 * cannot measure is named, and is no failure.
 */
import { readFile, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { FIGURES } from './figures.ts';
import { drawChart } from './harness/chart.ts';
import type { Figure } from './harness/figure.ts';
import { isSound, missedTargets, type RunResult } from './harness/result.ts';
import { runFigures } from './harness/run-figures.ts';
import { saveResult } from './harness/save-result.ts';
import { formatRun } from './harness/table.ts';

type Flags = ReturnType<typeof readFlags>['values'];

if (import.meta.main) await main();

async function main(): Promise<void> {
  const { values, positionals } = readFlags();
  if (values.list) {
    for (const { id, title } of FIGURES) console.log(`${id.padEnd(16)} ${title}`);
    return;
  }
  const result =
    values.from === undefined ? await measure(values, positionals) : await read(values.from, values.json);
  if (values.chart !== undefined) await writeFile(values.chart, drawChart(result));
  const isMissed = values['require-targets'] && missedTargets(result).length > 0;
  process.exitCode = isSound(result) && !isMissed ? 0 : 1;
}

function readFlags() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: {
        long: { type: 'boolean', default: false },
        rounds: { type: 'string' },
        json: { type: 'string' },
        chart: { type: 'string' },
        from: { type: 'string' },
        'require-targets': { type: 'boolean', default: false },
        list: { type: 'boolean', default: false },
      },
    });
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error));
  }
}

async function measure({ long, rounds: text, json }: Flags, ids: readonly string[]): Promise<RunResult> {
  const rounds = readRounds(text);
  return await runFigures(chooseFigures(ids), {
    form: long ? 'long' : 'short',
    ...(rounds === undefined ? {} : { rounds }),
    print: (table) => console.log(table),
    say: (line) => console.error(line),
    save: async (result) => {
      if (json !== undefined) await saveResult(json, result);
    },
  });
}

function readRounds(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const rounds = Number(text);
  return Number.isSafeInteger(rounds) && rounds > 0 ? rounds : refuse(`No number of rounds: ${text}`);
}

function chooseFigures(ids: readonly string[]): readonly Figure[] {
  const unknown = ids.find((id) => FIGURES.every((figure) => figure.id !== id));
  if (unknown !== undefined) refuse(`No figure is called ${unknown}; --list names them`);
  return ids.length === 0 ? FIGURES : FIGURES.filter(({ id }) => ids.includes(id));
}

/** Shows what --json wrote; nobody else's word is taken for it, so it is not checked beyond being there. */
async function read(path: string, copy: string | undefined): Promise<RunResult> {
  const result: RunResult = JSON.parse(await readFile(path, 'utf8'));
  console.log(formatRun(result));
  if (copy !== undefined) await saveResult(copy, result);
  return result;
}

function refuse(message: string): never {
  console.error(message);
  process.exit(2);
}
