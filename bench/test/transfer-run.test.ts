import { appendFile, copyFile, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { startDriven } from '../transfer/driven.ts';
import { type Lab, loopbackLab } from '../transfer/lab.ts';
import { runTransfer, sampleOf } from '../transfer/run-transfer.ts';
import { makeSource, type SourceFile } from '../transfer/source-file.ts';
import type { Arrival, Job, Leecher, Session, System } from '../transfer/system.ts';

let folder: string;
let source: SourceFile;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitorrent-run-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  source = await makeSource(folder, 1);
});

/** Ends that do nothing but live, and leechers that do as they are told. */
function systemOf(download: (job: Job, index: number) => Promise<Arrival>): System {
  return {
    name: 'fake',
    version: '1',
    async open(job): Promise<Session> {
      const start = (name: string) =>
        startDriven({ name, place: job.lab.hub, command: process.execPath, args: ['-e', IDLE] });
      const seeders = job.lab.seeders.map((_, index) => start(`seeder${index}`));
      const leechers = job.lab.leechers.map((_, index): Leecher => {
        const name = `leecher${index}`;
        return { process: start(name), readySeconds: index, download: () => download(job, index) };
      });
      const all = [...seeders, ...leechers.map((leecher) => leecher.process)];
      await Promise.all(all.map((each) => each.take(() => true)));
      const end = async () => {
        await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
      };
      return { seeders, leechers, [Symbol.asyncDispose]: end };
    },
  };
}

const IDLE = `console.log('{"type":"ready"}'); process.stdin.resume();`;

async function copy(job: Job, index: number): Promise<Arrival> {
  const path = join(job.folder, `${index}.bin`);
  await copyFile(job.source.path, path);
  return { path };
}

const oneToTwo: Lab = loopbackLab({ seeders: 1, leechers: 2 });

describe('runTransfer', () => {
  test('takes the time of the slowest, and with start-up that of the slowest start', async () => {
    const system = systemOf(async (job, index) => ({ ...(await copy(job, index)), seconds: 2 - index }));
    const transfer = await runTransfer(system, { source, folder, lab: oneToTwo });
    expect(transfer).toMatchObject({ seconds: 2, secondsWithStart: 3 });
    expect(transfer.leecherPeakMib).toBeGreaterThan(10);
    expect(transfer.seederPeakMib).toBeGreaterThan(10);
    const sample = sampleOf(transfer, source);
    expect(sample.mbPerSecond).toBeCloseTo(1.048576 / 2);
    expect(sample.mbPerSecondWithStart).toBeCloseTo(1.048576 / 3);
    expect(transfer.secondsUntilSynced).toBeGreaterThan(2);
    expect(sample.mbPerSecondSynced).toBeCloseTo(1.048576 / transfer.secondsUntilSynced);
  });

  test('leaves nothing but the source', async () => {
    await runTransfer(systemOf(copy), { source, folder, lab: oneToTwo });
    expect(await readdir(folder)).toEqual([source.name]);
  });

  test('fails when a byte is wrong, whoever has it', async () => {
    const system = systemOf(async (job, index) => {
      const arrival = await copy(job, index);
      if (index === 1) await appendFile(arrival.path, 'x');
      return arrival;
    });
    await expect(runTransfer(system, { source, folder, lab: oneToTwo })).rejects.toThrow('Wrong bytes');
  });

  test('fails when a program does', async () => {
    const system = systemOf(() => Promise.reject(new Error('no disk')));
    await expect(runTransfer(system, { source, folder, lab: oneToTwo })).rejects.toThrow('no disk');
  });

  test.for(['dies', 'freezes'] as const)(
    'does not wait for a leecher that %s, and does not look at what it has',
    async (kind) => {
      const system = systemOf((job, index) =>
        index === 1 ? new Promise(() => undefined) : copy(job, index),
      );
      const mishap = { kind, leechers: 1, afterSeconds: 0 };
      const { secondsWithStart, seconds } = await runTransfer(system, {
        source,
        folder,
        lab: oneToTwo,
        mishap,
      });
      expect(secondsWithStart).toBe(seconds);
    },
  );
});
