/**
 * Spans of time as people write them: a whole number and a unit, as in `90s`, `30min`, `12h`, `7d`, `2w`; `0` is none.
 */
import { CliError } from './cli-error.ts';

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 24 * 3_600_000,
  w: 7 * 24 * 3_600_000,
};
/** Nobody means more, and every clock can count to it. */
const MAX_MS = 365 * 24 * 3_600_000;

/** Milliseconds of a span, at most a year. Fails with `bad_duration`. */
export function parseDuration(text: string): number {
  const [, count = '', unit = ''] =
    /^(\d{1,9})(s|min|h|d|w)$/.exec(text) ?? (text === '0' ? ['', '0', 's'] : []);
  const spanMs = count === '' ? Number.NaN : Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (spanMs <= MAX_MS) return spanMs;
  const wanted = 'a number with s, min, h, d or w, as in 7d, and at most a year';
  throw new CliError('bad_duration', `Cannot read the time ${JSON.stringify(text)}: expected ${wanted}`);
}
