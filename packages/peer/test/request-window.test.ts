import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byLoad, piecesPerRequest, requestBudget, uploaderBudget } from '../src/request-window.ts';
import { peerId } from '../src/swarm-events.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const MIB = 1024 * 1024;
const measure = fc.record({
  bytesPerSecond: fc.double({ min: 0, max: 1e10, noNaN: true }),
  rttMs: fc.double({ min: 0, max: 10_000, noNaN: true }),
});
const pieceLength = fc.constantFrom(64 * 1024, MIB, 4 * MIB);

describe('requestBudget', () => {
  it('is four pieces on a short path', () => {
    expect(requestBudget({ bytesPerSecond: 0, rttMs: 0 }, MIB, SWARM_LIMITS)).toBe(4);
    expect(requestBudget({ bytesPerSecond: 100 * MIB, rttMs: 1 }, MIB, SWARM_LIMITS)).toBe(4);
  });

  it('is twice the bandwidth-delay product on a long one', () => {
    expect(requestBudget({ bytesPerSecond: 20 * MIB, rttMs: 200 }, MIB, SWARM_LIMITS)).toBe(8);
  });

  it('grows with rate and round trip, and never beyond its limits or below one', () => {
    fc.assert(
      fc.property(measure, pieceLength, (path, length) => {
        const budget = requestBudget(path, length, SWARM_LIMITS);
        expect(budget * length).toBeLessThanOrEqual(SWARM_LIMITS.maxOutstandingBytes);
        expect(budget).toBeLessThanOrEqual(SWARM_LIMITS.maxOutstandingPieces);
        expect(budget).toBeGreaterThanOrEqual(SWARM_LIMITS.minOutstandingPieces);
        const longer = { ...path, rttMs: path.rttMs * 2 };
        expect(requestBudget(longer, length, SWARM_LIMITS)).toBeGreaterThanOrEqual(budget);
      }),
    );
    const tight = { ...SWARM_LIMITS, maxOutstandingBytes: 1 };
    expect(requestBudget({ bytesPerSecond: 0, rttMs: 0 }, MIB, tight)).toBe(1);
  });
});

describe('uploaderBudget', () => {
  it('leaves the whole budget to an only uploader, and never gives one more than the budget', () => {
    fc.assert(
      fc.property(measure, pieceLength, fc.nat({ max: 60 }), (path, length, uploaders) => {
        const budget = requestBudget(path, length, SWARM_LIMITS);
        const own = uploaderBudget(path, { pieceLength: length, budget, uploaders }, SWARM_LIMITS);
        expect(own).toBeGreaterThanOrEqual(1);
        expect(own).toBeLessThanOrEqual(budget);
        if (uploaders <= 1) expect(own).toBe(budget);
      }),
    );
  });

  it('gives one piece to a peer that has shown nothing, a few to others, and more on a long path', () => {
    const of = { pieceLength: MIB, budget: 32, uploaders: 30 };
    expect(uploaderBudget({ bytesPerSecond: 0, rttMs: 500 }, of, SWARM_LIMITS)).toBe(1);
    expect(uploaderBudget({ bytesPerSecond: MIB, rttMs: 1 }, of, SWARM_LIMITS)).toBe(2);
    expect(uploaderBudget({ bytesPerSecond: 20 * MIB, rttMs: 200 }, of, SWARM_LIMITS)).toBe(8);
  });
});

describe('piecesPerRequest', () => {
  it('makes requests larger rather than more', () => {
    expect(piecesPerRequest(4, SWARM_LIMITS)).toBe(1);
    expect(piecesPerRequest(64, SWARM_LIMITS)).toBe(16);
    expect(piecesPerRequest(1, SWARM_LIMITS)).toBe(1);
  });
});

describe('byLoad', () => {
  it('puts the uploader in front that would be done first, give or take a quarter', () => {
    const uploader = fc.record({
      peer: fc.string({ minLength: 1 }).map(peerId),
      queuedPieces: fc.nat({ max: 10 }),
      room: fc.constant(1),
      bytesPerSecond: fc.double({ min: 1, max: 1e9, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(uploader), fc.integer(), (uploaders, seed) => {
        const ordered = byLoad(uploaders, createSeededRandom(seed));
        expect(new Set(ordered)).toEqual(new Set(uploaders));
        const loads = ordered.map((each) => (each.queuedPieces + 1) / each.bytesPerSecond);
        for (const [place, load] of loads.entries()) {
          for (const later of loads.slice(place + 1)) expect(load).toBeLessThanOrEqual(later * 1.25);
        }
      }),
    );
  });

  it('does not always prefer the same among equals', () => {
    const uploaders = ['a', 'b', 'c'].map((name) => ({
      peer: peerId(name),
      queuedPieces: 1,
      room: 1,
      bytesPerSecond: 5,
    }));
    const random = createSeededRandom(3);
    const first = new Set(Array.from({ length: 50 }, () => byLoad(uploaders, random)[0]?.peer));
    expect(first.size).toBe(3);
  });
});
