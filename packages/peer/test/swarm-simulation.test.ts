/** Whole swarms of the real cores: they complete whatever happens, keep their rules, and come near the bound. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SimulationOptions, SwarmSimulation } from './support/swarm-simulator.ts';

const pieceLength = 64 * 1024;

const faultySwarm: fc.Arbitrary<SimulationOptions> = fc
  .record({
    seed: fc.integer({ min: 0, max: 0x7fff_ffff }),
    leechers: fc.integer({ min: 1, max: 6 }),
    pieces: fc.integer({ min: 1, max: 40 }),
    seederUplink: fc.integer({ min: 1_000, max: 20_000 }),
    leecherUplinks: fc.array(fc.integer({ min: 500, max: 20_000 }), { minLength: 6, maxLength: 6 }),
    delayMs: fc.integer({ min: 0, max: 200 }),
    strategy: fc.constantFrom('rarest-first', 'random', 'sequential'),
    active: fc.integer({ min: 1, max: 3 }),
    receivers: fc.integer({ min: 1, max: 5 }),
    liars: fc.array(fc.constantFrom('wrong_bytes', 'false_have', 'silent'), { maxLength: 3 }),
    churn: fc.array(
      fc.record({
        leecher: fc.nat({ max: 5 }),
        downAtMs: fc.integer({ min: 1, max: 3_000 }),
        forMs: fc.option(fc.integer({ min: 1, max: 5_000 }), { nil: undefined }),
      }),
      { maxLength: 4 },
    ),
  })
  .map(({ leecherUplinks, active, receivers, churn, leechers, ...rest }) => ({
    ...rest,
    pieceLength,
    leechers,
    leecherUplink: (leecher: number) => leecherUplinks[leecher] ?? 1_000,
    uploadLimits: { active, receivers },
    churn: churn.map(({ leecher, downAtMs, forMs }) => ({
      leecher: leecher % leechers,
      downAtMs,
      ...(forMs === undefined ? {} : { upAtMs: downAtMs + forMs }),
    })),
  }));

describe('a swarm', () => {
  it('completes from one honest copy whatever its peers do, and leaves nothing reserved', {
    timeout: 500_000,
  }, () => {
    fc.assert(
      fc.property(faultySwarm, (options) => {
        const simulation = new SwarmSimulation(options);
        const result = simulation.run();
        expect(result.violations).toEqual([]);
        expect(result.completed).toBe(true);
        simulation.drain(120_000);
        expect(simulation.leftovers()).toEqual([]);
      }),
      { numRuns: 4000 },
    );
  });
});
