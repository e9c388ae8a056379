/**
 * Sizes, rates and times as people read them. Pure, and the same on every machine: no locale.
 */

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'] as const;
const STEP = 1000;

/** Bytes in decimal units with three figures or so: `0 B`, `999 B`, `1.2 MB`, `100 MB`. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit = 0;
  // 999.5 of a unit would be rounded to 1000 of it.
  while (value >= (unit === 0 ? STEP : STEP - 0.5) && unit < BYTE_UNITS.length - 1) {
    value /= STEP;
    unit += 1;
  }
  return `${unit > 0 && value < 99.95 ? value.toFixed(1) : Math.round(value)} ${BYTE_UNITS[unit]}`;
}

/** A rate: `12.3 MB/s`. */
export function formatRate(bytesPerSecond: number): string {
  return `${formatBytes(bytesPerSecond)}/s`;
}

/** A time to wait or that has passed, from seconds: `0.4 s`, `12 s`, `3 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(seconds: number): string {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${twoDigits(whole % 60)} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ${twoDigits(minutes % 60)} min`;
  const hours = Math.floor(minutes / 60);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** A part of a whole in percent, rounded down so that 100 % means all of it; nothing of nothing is all. */
export function wholePercent(part: number, whole: number): number {
  return whole === 0 ? 100 : Math.floor((part / whole) * 100);
}

/** `1 peer`, `2 peers`. */
export function countOf(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}

/** A moment as `2026-11-22 07:45` in UTC, which is the same for everybody in a group. */
export function formatTime(epochMs: number): string {
  const moment = new Date(epochMs);
  // A tracker may send a number that no calendar has.
  if (Number.isNaN(moment.getTime())) return 'unknown';
  return moment.toISOString().slice(0, 16).replace('T', ' ');
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}
