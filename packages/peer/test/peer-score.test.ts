import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backoffMs, PeerScore, RateEstimate, TimeEstimate } from '../src/peer-score.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const limits = SWARM_LIMITS;

function newScore(seed = 1): PeerScore {
  return new PeerScore({ limits, random: createSeededRandom(seed) });
}

function estimateOf(...samplesMs: number[]): TimeEstimate {
  const estimate = new TimeEstimate();
  for (const sampleMs of samplesMs) estimate.add(sampleMs);
  return estimate;
}

describe('TimeEstimate', () => {
  it('stays between the samples, with a bound above its mean', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 1 }), (samples) => {
        const { meanMs = Number.NaN, boundMs = Number.NaN } = estimateOf(...samples);
        expect(meanMs).toBeGreaterThanOrEqual(Math.min(...samples) - 1e-6);
        expect(meanMs).toBeLessThanOrEqual(Math.max(...samples) + 1e-6);
        expect(boundMs).toBeGreaterThanOrEqual(meanMs);
      }),
    );
  });

  it('knows nothing at first, and settles on a steady time', () => {
    expect(estimateOf().meanMs).toBeUndefined();
    expect(estimateOf().boundMs).toBeUndefined();
    const steady = estimateOf(...Array.from({ length: 60 }, () => 40));
    expect(steady.meanMs).toBeCloseTo(40);
    expect(steady.boundMs).toBeCloseTo(40, 1);
  });
});

describe('RateEstimate', () => {
  it('is undefined before a piece, then bytes over time', () => {
    const rate = new RateEstimate();
    expect(rate.bytesPerSecond).toBeUndefined();
    rate.add(1_000, 500);
    expect(rate.bytesPerSecond).toBeCloseTo(2_000);
  });

  it('stays finite for a piece that took no time', () => {
    const rate = new RateEstimate();
    rate.add(1_000, 0);
    expect(rate.bytesPerSecond).toBeLessThan(Number.POSITIVE_INFINITY);
  });
});

describe('PeerScore', () => {
  it('waits longer after each failure in a row, up to a limit, and starts anew after a piece', () => {
    const score = newScore();
    expect(score.retryAtMs).toBeLessThan(0);
    let expectedMs = limits.retryBaseMs;
    for (let failure = 0; failure < 12; failure += 1) {
      score.failure(1_000);
      expect(score.retryAtMs - 1_000).toBeGreaterThanOrEqual(expectedMs / 2);
      expect(score.retryAtMs - 1_000).toBeLessThanOrEqual(expectedMs);
      expectedMs = Math.min(limits.retryMaxMs, expectedMs * 2);
    }
    score.piece({ bytes: 10, waitedMs: 5, sentMs: 1 });
    score.failure(2_000);
    expect(score.retryAtMs - 2_000).toBeLessThanOrEqual(limits.retryBaseMs);
  });

  it('leaves a busy peer alone for a few pieces at the most', () => {
    const score = newScore();
    const waits = Array.from({ length: 6 }, () => {
      score.busy(100, 0);
      return score.retryAtMs;
    });
    expect(waits[0]).toBeLessThanOrEqual(100);
    expect(Math.max(...waits)).toBeLessThanOrEqual(800);
    expect(Math.max(...waits)).toBeGreaterThan(400);
    const unknown = newScore();
    unknown.busy(undefined, 0);
    expect(unknown.retryAtMs).toBeLessThanOrEqual(limits.minBusyMs);
    const slow = newScore();
    slow.busy(1e9, 0);
    expect(slow.retryAtMs).toBeLessThanOrEqual(limits.maxBusyMs);
  });

  it('keeps the shortest round trip', () => {
    const score = newScore();
    expect(score.rttMs).toBe(0);
    for (const rttMs of [30, 12, 500]) score.roundTrip(rttMs);
    expect(score.rttMs).toBe(12);
  });

  it('is patient as the peer, or the others, have shown, between a floor and a ceiling', () => {
    const nobody = estimateOf();
    expect(newScore().patienceMs(1, nobody)).toBe(limits.firstDeadlineMs);
    expect(newScore().patienceMs(1, estimateOf(2))).toBe(limits.minDeadlineMs);
    // A first sample counts for half of itself as deviation: 1000 + 4 * 500, and twice that.
    expect(newScore().patienceMs(1, estimateOf(1_000))).toBe(6_000);
    const slow = newScore();
    slow.piece({ bytes: 1, waitedMs: 4_000, sentMs: 1 });
    expect(slow.patienceMs(1, estimateOf(2))).toBe(12_000);
    expect(slow.patienceMs(2, estimateOf(2))).toBe(24_000);
    expect(slow.patienceMs(1_000, nobody)).toBe(limits.maxDeadlineMs);
  });

  it('counts denials, keeps a few of the pieces, and says when it is enough', () => {
    const score = newScore();
    const many = Array.from({ length: 100 }, (_, index) => index);
    const answers = Array.from({ length: limits.maxDenials }, () => score.deny(many));
    expect(answers).toEqual([...Array.from({ length: limits.maxDenials - 1 }, () => false), true]);
    expect(score.deniedPieces).toEqual(many.slice(0, 16));
  });

  it('keeps the first proof', () => {
    const score = newScore();
    expect(score.bannedFor).toBeUndefined();
    score.ban({ kind: 'bad_leaf', piece: 1, leaf: 2 });
    score.ban({ kind: 'bad_leaf', piece: 3, leaf: 4 });
    expect(score.bannedFor).toEqual({ kind: 'bad_leaf', piece: 1, leaf: 2 });
  });
});

describe('backoffMs', () => {
  it('is different for peers that failed together', () => {
    const waits = Array.from({ length: 20 }, (_, seed) => backoffMs(3, limits, createSeededRandom(seed)));
    expect(new Set(waits).size).toBeGreaterThan(10);
  });
});
