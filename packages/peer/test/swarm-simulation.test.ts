/** Whole swarms of the real cores: they complete whatever happens and keep their rules. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimulationOptions } from './simulation/simulation-model.ts';
import { SwarmSimulation } from './simulation/swarm-simulation.ts';

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

/** All links alike: a piece takes 50 ms, as 64 KiB do at 10 Mbit/s. */
function equalSwarm(leechers: number, policy: Partial<SimulationOptions> = {}): SimulationOptions {
  const rate = pieceLength / 50;
  const links = { seederUplink: rate, leecherUplink: rate, delayMs: 5 };
  return { seed: 1, leechers, pieces: 200, pieceLength, ...links, ...policy };
}

describe('a swarm', () => {
  it('completes from one honest copy whatever its peers do, and leaves nothing reserved', () => {
    fc.assert(
      fc.property(faultySwarm, (options) => {
        const simulation = new SwarmSimulation(options);
        const result = simulation.run();
        expect(result.violations).toEqual([]);
        expect(result.completed).toBe(true);
        simulation.drain(120_000);
        expect(simulation.leftovers()).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('bans whoever sends a wrong byte or denies what it announced, at the cost of one piece each', () => {
    fc.assert(
      fc.property(faultySwarm, (faulty) => {
        const liars = [...(faulty.liars ?? []), 'wrong_bytes' as const];
        const simulation = new SwarmSimulation({ ...faulty, liars, churn: [] });
        const { completed, peers } = simulation.run();
        expect(completed).toBe(true);
        const wrong = peers.filter((peer) => peer.behaviour === 'wrong_bytes').map((peer) => peer.id);
        const provable = peers
          .filter((peer) => peer.isLiar && peer.behaviour !== 'silent')
          .map((peer) => peer.id);
        for (const peer of peers.filter((each) => !each.isLiar)) {
          expect(peer.badPieces).toBeLessThanOrEqual(wrong.length);
          expect([...peer.bannedPeers].filter((id) => wrong.includes(id)).length).toBe(peer.badPieces);
          for (const id of peer.bannedPeers) expect(provable).toContain(id);
        }
      }),
      { numRuns: 100 },
    );
  });

  it.each([8, 12, 40])(
    'of %i, of whom a quarter lie in all ways, completes, at the cost of a leaf each',
    (size) => {
      const ways = ['wrong_bytes', 'false_have', 'silent'] as const;
      for (let seed = 1; seed <= (size > 12 ? 2 : 5); seed += 1) {
        const liars = Array.from({ length: size / 4 }, (_, n) => ways[(n + seed) % 3] ?? 'silent');
        const options = { ...equalSwarm(size - liars.length - 1), seed, pieces: 40, liars };
        const { completed, violations, peers } = new SwarmSimulation(options).run();
        expect([completed, violations]).toEqual([true, []]);
        for (const peer of peers.filter((each) => !each.isLiar)) {
          expect(peer.badPieces).toBeLessThanOrEqual(liars.filter((way) => way === 'wrong_bytes').length);
          for (const id of peer.bannedPeers) expect(id).toMatch(/^liar/);
        }
      }
    },
  );

  it('is the same to the last event for the same seed, and another for another', () => {
    fc.assert(
      fc.property(faultySwarm, (options) => {
        const [one, two] = [new SwarmSimulation(options).run(), new SwarmSimulation(options).run()];
        expect([one.timeMs, one.events, one.busy]).toEqual([two.timeMs, two.events, two.busy]);
      }),
      { numRuns: 20 },
    );
    const times = [1, 2, 3, 4].map((seed) => new SwarmSimulation({ ...equalSwarm(4), seed }).run().timeMs);
    expect(new Set(times).size).toBeGreaterThan(1);
  });

  it('keeps a budget that is set', () => {
    const limits = { minOutstandingPieces: 3, maxOutstandingPieces: 3 };
    const result = new SwarmSimulation({ ...equalSwarm(5, { limits }), delayMs: 400 }).run();
    expect(result.violations).toEqual([]);
    expect(result.completed).toBe(true);
  });

  it('of more peers than a full mesh completes through neighbours', () => {
    const limits = { fullMeshPeers: 10, neighbours: 5 };
    const result = new SwarmSimulation({ ...equalSwarm(40, { limits }), pieces: 30 }).run();
    expect(result.violations).toEqual([]);
    expect(result.completed).toBe(true);
    for (const peer of result.peers) expect(peer.mostLinks).toBeLessThanOrEqual(10);
  });

  it('hears of those who come later, as far as the tracker names them', () => {
    const early = { downAtMs: 1, upAtMs: 3_000 };
    const churn = Array.from({ length: 19 }, (_, n) => ({ leecher: n + 1, ...early }));
    for (const trackerPeers of [2, undefined]) {
      const options = { ...equalSwarm(20), ...(trackerPeers === undefined ? {} : { trackerPeers }) };
      const { completed, violations, peers } = new SwarmSimulation({ ...options, churn }).run();
      expect([completed, violations]).toEqual([true, []]);
      const first = peers.find(({ id }) => id === 'leecher-0')?.mostLinks;
      if (trackerPeers === undefined) expect(first).toBe(20);
      else expect(first).toBeGreaterThan(trackerPeers);
    }
  });
});
