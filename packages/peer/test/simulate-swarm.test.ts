/** `pnpm simulate:swarm`, as its users run it, on swarms so small that they take no time. */
import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { POLICIES } from './simulation/policies.ts';

const MAIN = `${import.meta.dirname}/simulation/main.ts`;

interface Outcome {
  readonly code: number;
  readonly printed: string;
  readonly complained: string;
}

function run(...options: string[]): Promise<Outcome> {
  const command = ['--conditions=@minitorrent/source', MAIN, ...options];
  return new Promise((resolve, reject) => {
    const child = execFile(process.execPath, command, (error, printed, complained) => {
      if (child.exitCode === null) reject(error ?? new Error('It was killed'));
      else resolve({ code: child.exitCode, printed, complained });
    });
  });
}

describe('simulate:swarm', () => {
  it('tells its options, every one of them', async () => {
    const { code, printed, complained } = await run('--help');
    expect([code, complained]).toEqual([0, '']);
    const options = [
      'peers',
      'pieces',
      'policy',
      'uplinks',
      'downlink',
      'sockets',
      'delay',
      'jitter',
      'churn',
    ];
    for (const option of [...options, 'dying', 'liars', 'seed', 'table', 'predict', 'mib', 'help'])
      expect(printed).toContain(`  --${option} `);
  });

  it('prints what a swarm came to, with its bound, fairness and how long it took to simulate', async () => {
    const swarm = ['--peers', '4', '--pieces', '20', '--downlink', '2', '--churn', '25', '--dying', '50'];
    const links = ['--uplinks', 'unequal', '--sockets', 'windowed', '--jitter', '3', '--liars', '1'];
    const { code, printed, complained } = await run(...swarm, ...links);
    expect([code, complained]).toEqual([0, '']);
    expect(printed).toMatch(/^4 leechers, 20 pieces, unequal uplinks, /);
    expect(printed).toMatch(/\ntime \/ bound [\d.]+\n/);
    expect(printed).toMatch(/\nfairness: \d in a row .* first done at [\d.]+ %/);
    expect(printed).toMatch(/\n\d+ messages in [\d.]+ s/);
  });

  it('is told a narrow downlink', async () => {
    const ratios = ['none', '0.5'].map(async (downlink) => {
      const { printed } = await run('--peers', '3', '--pieces', '20', '--downlink', downlink);
      return printed.match(/bound ([\d.]+) s/)?.[1];
    });
    expect(await Promise.all(ratios)).toEqual(['1.00', '2.00']);
  });

  it('compares the policies at the size that it is given', async () => {
    const { code, printed, complained } = await run('--table', '--peers', '4', '--pieces', '20');
    expect([code, complained]).toEqual([0, '']);
    const rows = printed.trim().split('\n');
    expect(rows[0]).toBe('| time / bound | N=4 M=20 |');
    expect(printed).toContain(POLICIES.default.title);
    for (const row of rows.slice(2)) expect(row).toMatch(/^\| .+ \| \d+\.\d{3} \|$/);
    expect(rows).toHaveLength(11);
  });

  it('foretells the swarm of the bench for a file of any size', async () => {
    const { code, printed } = await run('--predict', '--mib', '1');
    expect(code).toBe(0);
    expect(printed).toContain('1 -> 8 at 100 Mbit/s, 1 MiB in 16 pieces of 64 KiB\n');
    expect(printed).toMatch(/\ntime \/ bound [\d.]+, optimum 1\.188\n/);
  });

  it.each([
    [['--peers', '0'], 'Cannot simulate --peers 0, expected a number of 1 or more'],
    [['--churn', '60', '--dying', '50'], 'Cannot have 60 + 50 percent of the leechers vanish'],
    [['--nonsense'], "Unknown option '--nonsense'"],
  ])('refuses %j with code 2, why, and its options', async (options, why) => {
    const { code, complained } = await run(...options);
    expect(code).toBe(2);
    expect(complained).toContain(why);
    expect(complained).toContain('Usage: pnpm simulate:swarm');
  });
});
