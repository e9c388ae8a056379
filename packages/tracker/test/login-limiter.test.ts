import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTrackerError } from '../src/errors.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { createLoginLimiter, type LoginLimiter, type LoginLimits } from '../src/login-limiter.ts';

const HOUR = 3_600_000;

describe('createLoginLimiter', () => {
  it('lets nobody fail more often than allowed in any hour', async () => {
    const gap = fc.integer({ min: 0, max: 600_000 });
    await fc.assert(
      fc.property(fc.array(gap, { maxLength: 200 }), (gaps) => {
        const limiter = createLoginLimiter(DEFAULT_LIMITS);
        const failures: number[] = [];
        let now = 0;
        for (const ms of gaps) {
          now += ms;
          if (tries(limiter, 'alice', '10.0.0.1', now)) failures.push(now);
        }
        for (const start of failures) {
          const inHour = failures.filter((at) => at >= start && at < start + HOUR).length;
          // The bucket may be full at the start of the hour, and leaks as much again during it.
          expect(inHour).toBeLessThanOrEqual(2 * DEFAULT_LIMITS.failedLoginsPerAccount);
        }
      }),
    );
  });

  it('makes the wait longer with each failure beyond the free ones, and never endless', () => {
    const limiter = createLoginLimiter({ ...DEFAULT_LIMITS, maxLoginDelayMs: 10_000 });
    const waits: number[] = [];
    let now = 0;
    for (let failure = 0; failure < 10; failure += 1) {
      let wait = 0;
      while (!tries(limiter, 'alice', '10.0.0.1', now + wait)) wait += 1_000;
      now += wait;
      waits.push(wait / 1_000);
    }
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 10, 10]);
  });

  it('counts all addresses of an IPv6 network as one', () => {
    const limiter = createLoginLimiter(DEFAULT_LIMITS);
    const from = (at: number): string => `2001:db8:1:2::${at.toString(16)}`;
    const allowed = Array.from({ length: 40 }, (_, at) => tries(limiter, `user-${at}`, from(at), at));
    expect(allowed.filter(Boolean)).toHaveLength(DEFAULT_LIMITS.failedLoginsPerAddress);
    limiter.withdraw({ userId: 'user-0', host: from(99) });
    expect(tries(limiter, 'alice', from(98), 50)).toBe(true);
    expect(tries(limiter, 'bob', '2001:db8:1:3::1', 60)).toBe(true);
  });

  it('limits an address over all accounts', () => {
    const limiter = createLoginLimiter(DEFAULT_LIMITS);
    const allowed = Array.from({ length: 40 }, (_, at) => tries(limiter, `user-${at}`, '10.0.0.1', at));
    expect(allowed.filter(Boolean)).toHaveLength(DEFAULT_LIMITS.failedLoginsPerAddress);
    expect(tries(limiter, 'alice', '10.0.0.2', 50)).toBe(true);
    expect(tries(limiter, 'alice', '10.0.0.1', 60)).toBe(false);
    expect(tries(limiter, 'alice', '10.0.0.1', 60 + HOUR / 10)).toBe(true);
  });

  it('forgets the failures of an account that succeeds, and takes the attempt off its address', () => {
    const limiter = createLoginLimiter(DEFAULT_LIMITS);
    for (let round = 0; round < 100; round += 1) {
      expect(tries(limiter, 'alice', '10.0.0.1', round)).toBe(true);
      limiter.succeed({ userId: 'alice', host: '10.0.0.1' });
    }
    limiter.succeed({ userId: 'bob', host: '10.0.0.9' });
  });

  it('counts a known device by itself, whoever else fails how often, and it counts for nobody else', async () => {
    const who = fc.constantFrom('guess', 'device');
    const steps = fc.array(fc.record({ who, ms: fc.integer({ min: 0, max: 300_000 }) }), { maxLength: 80 });
    await fc.assert(
      fc.property(steps, (sequence) => {
        const together = createLoginLimiter(DEFAULT_LIMITS);
        const alone = {
          guess: createLoginLimiter(DEFAULT_LIMITS),
          device: createLoginLimiter(DEFAULT_LIMITS),
        };
        let now = 0;
        for (const step of sequence) {
          now += step.ms;
          const knownDevice = step.who === 'device' ? 'phone of alice' : undefined;
          const [one, other] = [together, alone[step.who]].map((limiter) =>
            tries(limiter, 'alice', '10.0.0.1', now, knownDevice),
          );
          expect([step, one]).toEqual([step, other]);
        }
      }),
    );
  });

  it('says how long to wait', () => {
    const limiter = createLoginLimiter({ ...DEFAULT_LIMITS, freeLoginFailures: 0 });
    limiter.begin({ userId: 'alice', host: '10.0.0.1' }, 0);
    expect(() => limiter.begin({ userId: 'alice', host: '10.0.0.1' }, 1)).toThrow('try again in 1 s');
  });

  it('remembers a bounded number of accounts and addresses, the latest', () => {
    const limits: LoginLimits = { ...DEFAULT_LIMITS, trackedLogins: 2, freeLoginFailures: 0 };
    const limiter = createLoginLimiter(limits);
    expect(tries(limiter, 'alice', 'a', 0)).toBe(true);
    expect(tries(limiter, 'bob', 'b', 0)).toBe(true);
    expect(tries(limiter, 'alice', 'a', 0)).toBe(false);
    expect(tries(limiter, 'carol', 'c', 0)).toBe(true);
    expect(tries(limiter, 'bob', 'b', 0)).toBe(false);
    expect(tries(limiter, 'alice', 'a', 0)).toBe(true);
  });
});

function tries(
  limiter: LoginLimiter,
  userId: string,
  host: string,
  now: number,
  knownDevice?: string,
): boolean {
  try {
    limiter.begin({ userId, host, knownDevice }, now);
    return true;
  } catch (error) {
    if (isTrackerError(error, 'too_many_attempts')) return false;
    throw error;
  }
}
