import { describe, expect, test } from 'vitest';
import { runScenario } from './support/scenario.ts';

const quiet = { hosts: 4, callsPerConnection: 12, faults: false };
const faulty = { ...quiet, faults: true };

describe('a simulated network of connections', () => {
  test('two runs with one seed are the same run, event by event', async () => {
    const [first, second] = [
      await runScenario({ ...faulty, seed: 42 }),
      await runScenario({ ...faulty, seed: 42 }),
    ];
    expect(first.trace.length).toBeGreaterThan(1000);
    expect(second.trace).toEqual(first.trace);
  });

  test('another seed is another run', async () => {
    const [first, second] = [
      await runScenario({ ...quiet, seed: 1 }),
      await runScenario({ ...quiet, seed: 2 }),
    ];
    expect(second.trace).not.toEqual(first.trace);
  });

  test.each([1, 2, 3, 4, 5])(
    'every call without a deadline gets the right answer in shredded chunks (seed %i)',
    async (seed) => {
      const { outcomes, leftovers } = await runScenario({ ...quiet, seed });
      expect(outcomes).toHaveLength(quiet.hosts ** 2 * quiet.callsPerConnection);
      expect(kindsOf(outcomes)).toEqual(['deadline_exceeded', 'right']);
      expect(leftovers).toEqual([]);
    },
  );

  test('every call has one outcome and nothing is left, whatever breaks', async () => {
    const seen = new Set<string>();
    for (let seed = 10; seed < 20; seed++) {
      const { outcomes, leftovers } = await runScenario({ ...faulty, seed });
      for (const kind of kindsOf(outcomes)) seen.add(kind);
      expect([seed, leftovers]).toEqual([seed, []]);
    }
    const allowed = ['closed', 'connect_failed', 'connection_lost', 'deadline_exceeded', 'right'];
    expect(allowed).toEqual(expect.arrayContaining([...seen]));
    expect([...seen]).toEqual(expect.arrayContaining(['connect_failed', 'connection_lost']));
  });
});

function kindsOf(outcomes: readonly string[]): string[] {
  return [...new Set(outcomes.map((outcome) => outcome.split(' ')[1] ?? ''))].sort();
}
