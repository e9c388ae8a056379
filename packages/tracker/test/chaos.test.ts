/** The tool that kills trackers: that it runs, notices what it has to notice, and leaves nothing behind. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { describe, expect, it, vi } from 'vitest';
import { describePostgres } from '../../../scripts/describe-postgres.ts';
import type { ChaosResult } from './chaos/result.ts';
import { runChaos } from './chaos/run-chaos.ts';

/** A run takes seconds; on a machine that is busy with other tests some more. */
const TIMEOUT_MS = 300_000;

describe('pnpm chaos', { timeout: TIMEOUT_MS }, () => {
  it('finds everything that was acknowledged, whoever was killed, and leaves no folder', async () => {
    await using place = await createPlace();
    // The backup, then the primary, and the backup first again; then a primary that comes again on an empty disk.
    const { result, code } = await place.finish('--seed', '10', '--kills', '3', '--clients', '8', '--json');
    expect(result).toMatchObject({ isGood: true, lost: [], duplicates: [], violations: [] });
    expect(result.kills).toBeGreaterThanOrEqual(3);
    expect(result.acknowledgedWrites).toBeGreaterThan(50);
    expect(result.binds).toBeGreaterThan(0);
    expect(result.entries).toBe(result.acknowledgedWrites + result.binds);
    expect(code).toBe(0);
    expect(await readdir(place.folder)).toEqual([]);
  });

  it('notices a tracker that takes over without what was acknowledged, and keeps its data', async () => {
    await using place = await createPlace();
    const bug = ['--planted', 'take_over_without_being_in_sync'];
    const { result, code } = await place.finish(
      '--seed',
      '10',
      '--kills',
      '2',
      '--clients',
      '8',
      '--json',
      ...bug,
    );
    expect(result.lost).not.toEqual([]);
    expect(code).toBe(1);
    expect(await readdir(result.folder ?? '')).toContain('tracker-0');
  });

  it('cuts cables by proxies where there are no namespaces', async () => {
    const stop = new AbortController();
    const options = {
      journal: 'sqlite',
      kills: 1,
      seed: 1,
      clients: 8,
      cutBy: 'proxies',
      planted: undefined,
    } as const;
    const { faults, ...result } = await runChaos(options, { signal: stop.signal, onEvent: () => undefined });
    expect(result).toMatchObject({ isGood: true, lost: [], duplicates: [], violations: [] });
    expect(faults.map(({ kind }) => kind)).toEqual(['cut_primary', 'kill_primary']);
    expect(faults[1]?.takeoverMs).toBeGreaterThan(1_000);
  });

  it.runIf(process.platform === 'linux').each(['SIGINT', 'SIGKILL'] as const)(
    'leaves no process behind when it ends by %s',
    async (signal) => {
      await using place = await createPlace();
      const runner = place.spawn('--seed', '1', '--kills', '1000', '--verbose');
      for await (const line of createInterface({ input: runner.stderr ?? process.stdin })) {
        if (line.includes('fault 1')) break;
      }
      expect(processesNaming(place.folder).length).toBeGreaterThan(1);
      const exited = once(runner, 'exit');
      runner.kill(signal);
      await exited;
      await vi.waitUntil(() => processesNaming(place.folder).length === 0, { timeout: 30_000 });
      if (signal === 'SIGINT') expect(await readdir(place.folder)).toEqual([]);
    },
  );
});

describePostgres('pnpm chaos --journal postgres', () => {
  it('finds everything that was acknowledged', { timeout: TIMEOUT_MS }, async () => {
    await using place = await createPlace();
    const { result, code } = await place.finish(
      ...['--journal', 'postgres', '--seed', '1', '--kills', '2', '--clients', '8', '--json'],
    );
    expect(result).toMatchObject({ isGood: true, lost: [], duplicates: [], violations: [] });
    expect(result.acknowledgedWrites).toBeGreaterThan(50);
    expect(code).toBe(0);
  });
});

/** A folder for everything that a run writes, by which its processes are found, too. */
interface Place extends AsyncDisposable {
  readonly folder: string;
  spawn(...parameters: readonly string[]): ChildProcess;
  /** Waits for the end, and reads what was found. */
  finish(...parameters: readonly string[]): Promise<{ readonly code: unknown; readonly result: ChaosResult }>;
}

async function createPlace(): Promise<Place> {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-test-'));
  // PostgreSQL runs as another user.
  await chmod(folder, 0o755);
  const main = new URL('./chaos/main.ts', import.meta.url).pathname;
  const start: Place['spawn'] = (...parameters) =>
    spawn(process.execPath, ['--conditions=@minitorrent/source', main, ...parameters], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, TMPDIR: folder },
    });
  return {
    folder,
    spawn: start,
    finish: async (...parameters) => {
      const child = start(...parameters);
      const exited = once(child, 'exit');
      if (child.stdout === null) throw new TypeError('Cannot read a child without a pipe');
      child.stderr?.pipe(process.stderr);
      const output = await text(child.stdout);
      const [code] = await exited;
      return { code, result: JSON.parse(output) };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** The ids of the processes that have `text` in their arguments. */
function processesNaming(text: string): readonly string[] {
  const ids = readdirSync('/proc').filter((name) => /^[0-9]+$/.test(name));
  return ids.filter((id) => {
    try {
      return readFileSync(`/proc/${id}/cmdline`, 'utf8').includes(text);
    } catch {
      // It has ended meanwhile.
      return false;
    }
  });
}
