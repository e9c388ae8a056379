/**
 * How often somebody may fail to log in, by account and by address (of IPv6 by network, see `sourceOf`).
 *
 * A device that has logged in before, and proves which one it is, is counted by itself and not with strangers: so nobody
 * who guesses, from the same address either, can keep an owner out.
 *
 * Each failure fills a bucket that empties at the allowed number an hour; a full one means to wait. Beyond some free
 * failures an account also waits after each one, twice as long each time. Nothing is locked for good. An attempt counts as
 * failed from its beginning, so that many at once gain nothing; success takes it back.
 */
import { sourceOf } from '@minitorrent/rpc-core';
import { TrackerError } from './errors.ts';
import type { TrackerLimits } from './limits.ts';

const HOUR_MS = 3_600_000;

export type LoginLimits = Pick<
  TrackerLimits,
  | 'failedLoginsPerAccount'
  | 'failedLoginsPerAddress'
  | 'freeLoginFailures'
  | 'loginDelayMs'
  | 'maxLoginDelayMs'
  | 'trackedLogins'
>;

/** Who tries, and from where. */
export interface LoginAttempt {
  readonly userId: string;
  readonly host: string;
  /** The `deviceKey` of a device that is proved and bound to the user. */
  readonly knownDevice?: string | undefined;
}

/** All times are of one monotonic clock. */
export interface LoginLimiter {
  /** Counts the attempt as failed, or fails with `too_many_attempts` and counts nothing. */
  begin(attempt: LoginAttempt, nowMs: number): void;
  /** Takes the attempt back: it came to no result. */
  withdraw(attempt: LoginAttempt): void;
  /** Takes the attempt back, and all other failures of its account, or of its device where that is known. */
  succeed(attempt: LoginAttempt): void;
}

interface Bucket {
  /** Failures that are not forgotten yet, at `atMs`. */
  level: number;
  atMs: number;
  notBeforeMs: number;
}

export function createLoginLimiter(limits: LoginLimits): LoginLimiter {
  const accounts = new Map<string, Bucket>();
  const devices = new Map<string, Bucket>();
  const addresses = new Map<string, Bucket>();
  const { failedLoginsPerAccount, failedLoginsPerAddress } = limits;

  /** Where the attempt counts. The first is about one user, the second, if any, about all of them. */
  function placesOf({ userId, host, knownDevice }: LoginAttempt): readonly [Place, ...Place[]] {
    if (knownDevice !== undefined) {
      return [{ buckets: devices, key: knownDevice, perHour: failedLoginsPerAccount }];
    }
    return [
      { buckets: accounts, key: userId, perHour: failedLoginsPerAccount },
      { buckets: addresses, key: sourceOf(host), perHour: failedLoginsPerAddress },
    ];
  }

  return {
    begin: (attempt, nowMs) => {
      const found = placesOf(attempt).map((place) => ({ place, bucket: bucketAt(place, nowMs) }));
      const waits = found.map(({ place, bucket }) => waitOf(bucket, nowMs, place.perHour));
      const waitMs = Math.max(...waits);
      if (waitMs > 0) throw tooMany(waitMs);
      for (const [at, { place, bucket }] of found.entries()) {
        bucket.level += 1;
        if (at === 0) bucket.notBeforeMs = nowMs + delayAfter(bucket.level, limits);
        keep(place, bucket, limits.trackedLogins);
      }
    },
    withdraw: (attempt) => {
      for (const { buckets, key } of placesOf(attempt)) takeBack(buckets.get(key));
    },
    succeed: (attempt) => {
      const [own, ...others] = placesOf(attempt);
      own.buckets.delete(own.key);
      for (const { buckets, key } of others) takeBack(buckets.get(key));
    },
  };
}

interface Place {
  readonly buckets: Map<string, Bucket>;
  readonly key: string;
  readonly perHour: number;
}

function takeBack(bucket: Bucket | undefined): void {
  if (bucket === undefined) return;
  bucket.level = Math.max(0, bucket.level - 1);
  bucket.notBeforeMs = bucket.atMs;
}

/** The bucket there with what leaked out of it by now; a new one is not kept yet. */
function bucketAt({ buckets, key, perHour }: Place, nowMs: number): Bucket {
  const bucket = buckets.get(key);
  if (bucket === undefined) return { level: 0, atMs: nowMs, notBeforeMs: nowMs };
  bucket.level = Math.max(0, bucket.level - ((nowMs - bucket.atMs) * perHour) / HOUR_MS);
  bucket.atMs = nowMs;
  return bucket;
}

/** Until one more failure fits. */
function waitOf(bucket: Bucket, nowMs: number, perHour: number): number {
  const overflow = bucket.level + 1 - perHour;
  return Math.max(bucket.notBeforeMs - nowMs, overflow <= 0 ? 0 : (overflow * HOUR_MS) / perHour);
}

function delayAfter(level: number, limits: LoginLimits): number {
  // Rounded, because a little has leaked out since the last one.
  const beyond = Math.round(level) - limits.freeLoginFailures;
  if (beyond <= 0) return 0;
  return Math.min(limits.maxLoginDelayMs, limits.loginDelayMs * 2 ** (beyond - 1));
}

/** Keeps the bucket as the newest one; the one that was used longest ago makes room. */
function keep({ buckets, key }: Place, bucket: Bucket, most: number): void {
  buckets.delete(key);
  buckets.set(key, bucket);
  const [oldest] = buckets.keys();
  if (buckets.size > most && oldest !== undefined) buckets.delete(oldest);
}

function tooMany(waitMs: number): TrackerError {
  const seconds = Math.ceil(waitMs / 1_000);
  return new TrackerError('too_many_attempts', `Too many failed logins; try again in ${seconds} s`);
}
