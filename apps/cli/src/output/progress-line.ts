/**
 * One line of progress: a bar for terminals, words for logs. Pure; no clock, no terminal.
 *
 * The line says what users of other tools ask in vain: when nothing comes in, why.
 */
import { basename } from 'node:path';
import type { DownloadRow } from './file-reports.ts';
import { countOf, formatBytes, formatDuration, formatRate, wholePercent } from './quantities.ts';
import type { ProgressSample } from './reports.ts';
import { terminalText } from './terminal-text.ts';
import { clipText, padText, textWidth } from './text-width.ts';

/** From here on there is room for long names and bars. */
const WIDE_COLUMNS = 100;
const WIDE = { name: 24, bar: 20 } as const;
const NARROW = { name: 18, bar: 10 } as const;
const BLOCKS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** Reasons for waiting, in words; one that is not here is shown as it is. */
const WAITING: Readonly<Record<string, string>> = {
  tracker: 'waiting for the tracker',
  no_peers: 'no peer with this file is online',
  connecting: 'connecting to peers',
  no_source_for_pieces: 'no peer online has the missing pieces',
  slow_peers: 'peers are slow',
  disk_full: 'the disk is full',
  paused: 'paused',
};

/**
 * A line for a terminal, at most `columns` wide: name, bar, percent, amount, rate, time left, peers or why it waits.
 * Where it is narrow the notes go first that the bar tells anyhow, and the reason for waiting last.
 */
export function progressBarLine(sample: ProgressSample, columns: number): string {
  const view = viewOf(sample);
  const widths = columns < WIDE_COLUMNS ? NARROW : WIDE;
  const name = padText(clipText(view.name, widths.name), widths.name);
  const percent = `${wholePercent(view.done, view.total)} %`.padStart(5);
  const head = [name, bar(view.done, view.total, widths.bar), percent];
  const notes = [...view.notes];
  while (notes.length > 1 && textWidth([...head, ...notes].join('  ')) > columns) notes.shift();
  return clipText([...head, ...notes].join('  '), columns);
}

/** A line for a log. */
export function progressLogLine(sample: ProgressSample): string {
  const view = viewOf(sample);
  return `${view.name}: ${[`${wholePercent(view.done, view.total)} %`, ...view.notes].join(', ')}`;
}

/** Tells whether two samples are of the same thing. */
export function progressKey(sample: ProgressSample): string {
  switch (sample.activity) {
    case 'hash':
      return JSON.stringify([sample.activity, sample.groupId, sample.path]);
    case 'download':
      return JSON.stringify([sample.activity, sample.download.groupId, sample.download.name]);
    case 'demo-download':
      return JSON.stringify([sample.activity, sample.userId]);
  }
}

/** Why a download waits, in words. */
export function describeWaiting(reason: string): string {
  return WAITING[reason] ?? terminalText(reason);
}

interface View {
  readonly name: string;
  readonly done: number;
  readonly total: number;
  readonly notes: readonly string[];
}

function viewOf(sample: ProgressSample): View {
  if (sample.activity === 'hash') {
    const { path, hashedBytes: done, totalBytes: total } = sample;
    return { name: terminalText(basename(path)), done, total, notes: [amount(done, total), 'hashing'] };
  }
  const { name, verifiedBytes: done, totalBytes: total } = sample.download;
  const title = sample.activity === 'download' ? name : sample.userId;
  return { name: terminalText(title), done, total, notes: [amount(done, total), ...flow(sample.download)] };
}

function flow(download: DownloadRow): string[] {
  const { bytesPerSecond, secondsLeft, waitingFor, state } = download;
  if (state !== 'downloading') return [terminalText(state)];
  const notes: string[] = [];
  if (bytesPerSecond > 0) notes.push(formatRate(bytesPerSecond));
  if (secondsLeft !== null) notes.push(`${formatDuration(secondsLeft)} left`);
  const connected = download.peers.filter((peer) => peer.state === 'connected').length;
  notes.push(waitingFor === null ? countOf(connected, 'peer') : describeWaiting(waitingFor));
  return notes;
}

function amount(done: number, total: number): string {
  return `${formatBytes(done)} of ${formatBytes(total)}`;
}

function bar(done: number, total: number, columns: number): string {
  const eighths = total === 0 ? columns * 8 : Math.floor((Math.min(done, total) / total) * columns * 8);
  const filled = '█'.repeat(eighths >> 3) + (BLOCKS[eighths & 7] ?? '');
  return `▕${filled.padEnd(columns)}▏`;
}
