/**
 * Draws a run as SVG: one group of bars a figure, one bar a contender, ours in colour.
 *
 * A pure function of the results, so that the picture in the README can be made again from the JSON beside it. Colours
 * follow the reader's light or dark mode. Figures in which ours is alone are left out: a single bar says nothing.
 */
import type { ContenderResult, FigureResult, RunResult } from './result.ts';
import { formatNumber } from './table.ts';

const WIDTH = 920;
/** Of a character of 13 pixels, on average of those that are wide. */
const CHARACTER_WIDTH = 7.2;
const NAME_GAP = 8;
const VALUE_WIDTH = 130;
const BAR_HEIGHT = 16;
const ROW_HEIGHT = 22;
const TITLE_HEIGHT = 30;
const GAP = 14;

const STYLE = `
  text { font: 13px system-ui, sans-serif; fill: #1f2328 }
  .title { font-weight: 600 }
  .note { fill: #59636e; font-size: 12px }
  .ours { fill: #1a7f64 }
  .theirs { fill: #b4bcc6 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .note { fill: #9198a1 }
    .ours { fill: #3fb68b }
    .theirs { fill: #59636e }
  }`;

export function drawChart(result: RunResult): string {
  const figures = result.figures.filter(isComparison);
  const names = figures.flatMap(({ contenders }) => contenders.map(({ name }) => name.length));
  const barLeft = NAME_GAP + Math.ceil(Math.max(0, ...names) * CHARACTER_WIDTH);
  const groups: string[] = [];
  let bottom = 0;
  for (const figure of figures) {
    groups.push(...drawFigure(figure, { top: bottom, barLeft }));
    bottom += heightOf(figure);
  }
  const { cpu, cores, node } = result.machine;
  const note = `Medians on ${cores} cores (${cpu}), Node.js ${node}, commit ${result.machine.commit}`;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${bottom + TITLE_HEIGHT}" role="img">`,
    `<title>Mini-Torrent and others, measured side by side</title>`,
    `<style>${STYLE}\n</style>`,
    ...groups,
    `<text class="note" x="0" y="${bottom + 18}">${escapeXml(note)}</text>`,
    '</svg>\n',
  ].join('\n');
}

function isComparison({ contenders }: FigureResult): boolean {
  return contenders.filter(({ void: why }) => why === undefined).length > 1;
}

function heightOf({ contenders }: FigureResult): number {
  return TITLE_HEIGHT + contenders.length * ROW_HEIGHT + GAP;
}

interface FigurePlace {
  readonly top: number;
  /** Where its bars begin: to the right of all names. */
  readonly barLeft: number;
}

function drawFigure(figure: FigureResult, { top, barLeft }: FigurePlace): string[] {
  const { title, unit, better, contenders } = figure;
  const largest = Math.max(...contenders.map((each) => each.units[unit]?.median ?? 0));
  const subtitle = `${unit}, ${better} is better`;
  return [
    `<text class="title" x="0" y="${top + 20}">${escapeXml(title)} <tspan class="note">(${escapeXml(subtitle)})</tspan></text>`,
    ...contenders.flatMap((each, row) =>
      drawBar(each, {
        unit,
        barLeft,
        top: top + TITLE_HEIGHT + row * ROW_HEIGHT,
        largest,
        style: row === 0 ? 'ours' : 'theirs',
      }),
    ),
  ];
}

interface Bar {
  readonly unit: string;
  readonly barLeft: number;
  readonly top: number;
  readonly largest: number;
  readonly style: 'ours' | 'theirs';
}

function drawBar(
  { name, units, void: why }: ContenderResult,
  { unit, barLeft, top, largest, style }: Bar,
): string[] {
  const value = units[unit]?.median;
  const width =
    value === undefined || largest === 0
      ? 0
      : Math.max((value / largest) * (WIDTH - barLeft - VALUE_WIDTH), 1);
  const label = value === undefined ? (why === undefined ? 'not measured' : 'void') : formatNumber(value);
  const baseline = top + BAR_HEIGHT - 4;
  return [
    `<text x="${barLeft - NAME_GAP}" y="${baseline}" text-anchor="end">${escapeXml(name)}</text>`,
    `<rect class="${style}" x="${barLeft}" y="${top}" width="${width.toFixed(1)}" height="${BAR_HEIGHT}" rx="2"/>`,
    `<text x="${(barLeft + width + 8).toFixed(1)}" y="${baseline}">${label}</text>`,
  ];
}

function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
