/**
 * Rates, schedules of them and ranges of a file as people write them: `500K`, `08:00-18:00=500K/2M`, `0-10M`.
 */
import type { ByteRange, ScheduledLimits, TransferPlan } from '@minitorrent/peer';
import { CliError } from './cli-error.ts';

/** The options as the user wrote them. */
export interface LimitOptions {
  readonly limitUp?: string;
  readonly limitDown?: string;
  readonly schedule?: string;
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 ** 2, G: 1024 ** 3 };
/** So slow, others would take this peer for a broken one. */
const LEAST_RATE = 16 * 1024;

/** What a peer is to keep to. Fails with `bad_arguments`. */
export function readTransferPlan({ limitUp, limitDown, schedule }: LimitOptions): TransferPlan {
  return {
    upBytesPerSecond: limitUp === undefined ? undefined : readRate(limitUp),
    downBytesPerSecond: limitDown === undefined ? undefined : readRate(limitDown),
    schedule: schedule === undefined ? undefined : schedule.split(',').map(readSpan),
  };
}

/** Bytes from the first to the last one, counted from 0. Fails with `bad_arguments`. */
export function readByteRange(text: string): ByteRange {
  const [, from = '', to = ''] = /^(\d{1,15}[KMG]?)-(\d{1,15}[KMG]?)$/.exec(text) ?? [];
  const range = { first: readBytes(from), last: readBytes(to) };
  if (range.first <= range.last && Number.isSafeInteger(range.last)) return range;
  throw wrong('the range', text, 'two places in the file, as in 0-10M');
}

/** Bytes per second; `none` is no limit. */
function readRate(text: string): number | undefined {
  if (text === 'none') return undefined;
  const rate = /^\d{1,12}[KMG]?$/.test(text) ? readBytes(text) : Number.NaN;
  if (rate >= LEAST_RATE) return rate;
  throw wrong('the rate', text, 'bytes a second, 16K or more, as in 500K or 2M, or none');
}

function readSpan(text: string): ScheduledLimits {
  const [, from = '', to = '', up = '', down = ''] = /^(\S+)-(\S+)=(\S+)\/(\S+)$/.exec(text.trim()) ?? [];
  const span = { fromMinute: readMinute(from), toMinute: readMinute(to) };
  if (Number.isNaN(span.fromMinute + span.toMinute))
    throw wrong('the schedule', text, 'times and the rates up/down, as in 08:00-18:00=500K/none');
  return { ...span, upBytesPerSecond: readRate(up), downBytesPerSecond: readRate(down) };
}

/** The minute of the day; `24:00` is its beginning. */
function readMinute(text: string): number {
  const [, hours = '', minutes = ''] = /^([01]?\d|2[0-4]):([0-5]\d)$/.exec(text) ?? [];
  if (hours === '' || (hours === '24' && minutes !== '00')) return Number.NaN;
  return (Number(hours) % 24) * 60 + Number(minutes);
}

function readBytes(text: string): number {
  const [, count = '', unit = ''] = /^(\d+)([KMG]?)$/.exec(text) ?? [];
  return count === '' ? Number.NaN : Number(count) * (UNITS[unit] ?? Number.NaN);
}

function wrong(what: string, text: string, wanted: string): CliError {
  return new CliError('bad_arguments', `Cannot read ${what} ${JSON.stringify(text)}: expected ${wanted}`);
}
