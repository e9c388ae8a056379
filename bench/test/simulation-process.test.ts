import { describe, expect, test } from 'vitest';
import { simulate } from '../simulator/simulation-process.ts';

describe('simulate', () => {
  const scenario = { peers: 4, pieces: 60 };

  test('comes to the same each time, and nobody beats the bound', () => {
    const { seconds: _, ...first } = simulate({ kind: 'scenario', scenario, policy: 'default' });
    expect(simulate({ kind: 'scenario', scenario, policy: 'default' })).toMatchObject(first);
    expect(first.timesBound).toBeGreaterThan(1);
    // 50 ms for each piece.
    expect(first.swarmSeconds).toBeCloseTo(3 * first.timesBound);
  });

  test('simulates the policy that it is told to', () => {
    const own = simulate({ kind: 'scenario', scenario, policy: 'default' });
    const other = simulate({ kind: 'scenario', scenario, policy: 'random' });
    expect(other.timesBound).toBeGreaterThan(own.timesBound);
  });

  test('foretells the swarm that it is told of', () => {
    const foretell = (leechers: number, uplinkMbit: number) =>
      simulate({ kind: 'prediction', swarm: { bytes: 16 * 2 ** 20, leechers, uplinkMbit } });
    const { swarmSeconds, timesBound } = foretell(1, 80);
    expect(swarmSeconds / ((16 * 2 ** 20) / 10_000_000)).toBeCloseTo(timesBound);
    // Headers, hashes and acknowledgements are part of it.
    expect(timesBound).toBeGreaterThan(1.04);
    expect(foretell(1, 40).swarmSeconds / swarmSeconds).toBeCloseTo(2, 1);
    expect(foretell(6, 80).swarmSeconds).toBeGreaterThan(swarmSeconds);
  });
});
