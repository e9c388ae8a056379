/** A run as text for a terminal: one block a figure, one line a contender, one line a target. */
import type { ContenderResult, FigureResult, RunResult, TargetResult } from './result.ts';
import { pairedRatio, type Summary } from './statistics.ts';

export function formatRun(result: RunResult): string {
  const { cpu, cores, memoryGib, system, node, commit } = result.machine;
  const machine = `${cpu}, ${cores} cores, ${memoryGib} GiB, ${system}, Node.js ${node}, commit ${commit}`;
  return [machine, ...result.figures.map(formatFigure)].join('\n\n');
}

export function formatFigure(figure: FigureResult): string {
  const { id, title, contenders, notMeasurable, problem, missing, leftOut = [], targets } = figure;
  return [
    `${id}: ${title}`,
    ...(notMeasurable === undefined ? [] : [`  cannot be measured on this machine: ${notMeasurable}`]),
    ...(problem === undefined ? [] : [`  FAILED: ${problem}`]),
    ...formatColumns([headerOf(figure), ...contenders.map((each) => rowOf(figure, each))]),
    ...contenders.flatMap(({ name, void: why }) => (why === undefined ? [] : [`  ${name} is void: ${why}`])),
    ...missing.map((peer) => `  not on this machine: ${peer}`),
    ...leftOut.map((peer) => `  left out: ${peer}`),
    ...targets.map(formatTarget),
  ].join('\n');
}

function headerOf(figure: FigureResult): string[] {
  return figure.contenders.length === 0 ? [] : ['', ...unitsOf(figure).flatMap((unit) => [unit, 'ours/it'])];
}

/** Every unit that a contender has, that of the figure first. */
function unitsOf({ unit, contenders }: FigureResult): string[] {
  const all = new Set(contenders.flatMap(({ units }) => Object.keys(units)));
  return [...new Set([unit, ...all])].filter((each) => all.has(each));
}

function rowOf(figure: FigureResult, contender: ContenderResult): string[] {
  const [ours] = figure.contenders;
  const cells = unitsOf(figure).flatMap((unit) => {
    const summary = contender.units[unit];
    const ratio =
      ours === undefined || ours === contender
        ? undefined
        : pairedRatio(ours.samples, contender.samples, unit);
    return [formatSummary(summary), ratio === undefined ? '' : `${formatNumber(ratio)}x`];
  });
  return [`${contender.name} ${contender.version}`.trim(), ...cells];
}

function formatSummary(summary: Summary | undefined): string {
  if (summary === undefined) return '-';
  const { median, min, max } = summary;
  return min === max
    ? formatNumber(median)
    : `${formatNumber(median)} (${formatNumber(min)}-${formatNumber(max)})`;
}

/** Three significant digits, and no fewer than the number has before its point. */
export function formatNumber(value: number): string {
  const digits =
    Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : Math.abs(value) >= 0.1 || value === 0 ? 2 : 4;
  return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function formatTarget({ text, ratio, met }: TargetResult): string {
  if (ratio === undefined || met === undefined) return `  not judged: ${text}`;
  return `  ${met ? 'met' : 'MISSED'}: ${text} (it is ${formatNumber(ratio)}x)`;
}

/** Every column as wide as its widest cell; columns without any text are left out. */
function formatColumns(rows: readonly (readonly string[])[]): string[] {
  const count = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.slice(1).map((row) => row[column]?.length ?? 0), 0),
  ).map((width, column) => (width === 0 ? 0 : Math.max(width, rows[0]?.[column]?.length ?? 0)));
  return rows
    .filter((row) => row.length > 0)
    .map((row) =>
      row
        .flatMap((cell, column) => {
          const width = widths[column] ?? 0;
          if (width === 0) return [];
          return [column === 0 ? cell.padEnd(width) : cell.padStart(width)];
        })
        .join('  ')
        .trimEnd(),
    )
    .map((line) => `  ${line}`);
}
