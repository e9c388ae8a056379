/** What a witness answered it keeps, whatever its disk does and whenever it stops. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isTrackerError } from '../src/errors.ts';
import { type Config, noConfig } from '../src/register.ts';
import { DurableRegister } from '../src/witness/durable-register.ts';
import { encodeRegister } from '../src/witness/register-file.ts';
import { REGISTER_FILE, writeRegister } from '../src/witness/register-steps.ts';
import { Crash, type CrashKind, errno, FaultyFiles, seededDice } from './helpers/witness-faults.ts';
import { configOf } from './register-contract.ts';

const clusterId = new Uint8Array(16).fill(7);
const ONE = '01'.repeat(16);
const TWO = '02'.repeat(16);
const first = configOf(1, ONE);
const second = configOf(2, TWO);

describe('DurableRegister', () => {
  it('holds what was written last when it is opened', async () => {
    const files = await madeFiles();
    const register = await DurableRegister.open(files);
    expect(register.clusterId).toEqual(clusterId);
    expect(await register.read()).toEqual(noConfig);
    expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'ok' });
    expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'current', config: first });
    await expect(register.compareAndSwap(1, configOf(3, ONE))).rejects.toThrow(RangeError);
    expect(await (await DurableRegister.open(files)).read()).toEqual(first);
    expect(files.openHandles).toBe(0);
  });

  it('shows the old config until the new one is durable, and swaps one at a time', async () => {
    const files = await madeFiles();
    const register = await DurableRegister.open(files);
    const { promise: synced, resolve } = Promise.withResolvers<void>();
    let creations = 0;
    files.beforeStep = ({ action }) => {
      if (action === 'create') creations += 1;
      if (action === 'syncFolder') return synced;
    };
    const swaps = [register.compareAndSwap(0, first), register.compareAndSwap(0, configOf(1, TWO))];
    await untilStep(files, 'syncFolder');
    expect([register.config, await register.read()]).toEqual([noConfig, noConfig]);
    expect(creations).toBe(1);
    resolve();
    expect(await Promise.all(swaps)).toEqual([{ kind: 'ok' }, { kind: 'current', config: first }]);
    expect(await register.read()).toEqual(first);
    expect(creations).toBe(1);
  });

  it('lets the swap under way come to its end when it is closed, and none after it', async () => {
    const files = await madeFiles();
    const register = await DurableRegister.open(files);
    const swap = register.compareAndSwap(0, first);
    await register.close();
    expect(files.content(REGISTER_FILE)).toEqual(encodeRegister({ clusterId, config: first }));
    expect(await swap).toEqual({ kind: 'ok' });
    await expect(register.compareAndSwap(1, second)).rejects.toMatchObject({ code: 'closed' });
    await expect(register.read()).rejects.toMatchObject({ code: 'closed' });
  });

  it.each(['remove', 'create', 'write', 'sync', 'close', 'rename', 'syncFolder'] as const)(
    'does not know what a swap led to whose %s fails, finds out, and goes on',
    async (failing) => {
      const files = await madeFiles();
      const register = await DurableRegister.open(files);
      await register.compareAndSwap(0, first);
      let isBroken = true;
      files.beforeStep = ({ action }) => {
        if (isBroken && action === failing) throw errno('ENOSPC');
      };
      await expect(register.compareAndSwap(1, second)).rejects.toMatchObject({
        code: 'register_failed',
        message: expect.stringContaining('ENOSPC'),
      });
      const isReplaced = failing === 'syncFolder';
      // The old file is there and was durable; a new one may be lost again, so nobody hears of it.
      if (isReplaced) await expect(register.read()).rejects.toMatchObject({ code: 'register_failed' });
      else expect(await register.read()).toEqual(first);
      isBroken = false;
      const held = isReplaced ? second : first;
      expect(await register.read()).toEqual(held);
      for (let seed = 0; seed < 20; seed += 1) {
        const reopened = await DurableRegister.open(files.afterCrash('power', seededDice(seed)));
        expect(await reopened.read()).toEqual(held);
      }
      const next = configOf(held.epoch + 1, TWO);
      expect(await register.compareAndSwap(held.epoch, next)).toEqual({ kind: 'ok' });
      expect(files.openHandles).toBe(0);
    },
  );

  it('answers nothing while it cannot find out', async () => {
    const files = await madeFiles();
    const register = await DurableRegister.open(files);
    files.beforeStep = () => {
      throw errno('EIO');
    };
    await expect(register.compareAndSwap(0, first)).rejects.toMatchObject({ code: 'register_failed' });
    await expect(register.read()).rejects.toMatchObject({ code: 'register_failed' });
    await expect(register.compareAndSwap(0, first)).rejects.toMatchObject({ code: 'register_failed' });
    files.beforeStep = () => {};
    expect(await register.compareAndSwap(0, first)).toEqual({ kind: 'ok' });
  });

  it('answers nothing any more when it finds what it did not write', async () => {
    const files = await madeFiles();
    const register = await DurableRegister.open(files);
    await register.compareAndSwap(0, first);
    files.beforeStep = ({ action }) => {
      if (action === 'rename') throw errno('EIO');
    };
    await expect(register.compareAndSwap(1, second)).rejects.toMatchObject({ code: 'register_failed' });
    files.beforeStep = () => {};
    for (const config of [noConfig, configOf(2, ONE)]) {
      files.plant(REGISTER_FILE, encodeRegister({ clusterId, config }));
      await expect(register.read()).rejects.toMatchObject({
        code: 'register_failed',
        message: expect.stringContaining('did not write'),
      });
      await expect(register.compareAndSwap(1, second)).rejects.toMatchObject({ code: 'register_failed' });
    }
  });

  it('does not open where it cannot be written', async () => {
    const files = await madeFiles();
    files.beforeStep = ({ action }) => {
      if (action === 'write') throw errno('ENOSPC');
    };
    await expect(DurableRegister.open(files)).rejects.toMatchObject({ code: 'register_failed' });
  });
});

describe('a register that crashes', () => {
  it.each<CrashKind>(['process', 'power'])('keeps its promises at every step: %s', async (kind) => {
    const uncut = await madeFiles();
    const before = uncut.steps;
    await runSession(uncut, new Promises(), 3);
    const steps = uncut.steps - before;
    expect(steps).toBeGreaterThan(20);
    for (let step = 1; step <= steps; step += 1) {
      for (let seed = 0; seed < (kind === 'process' ? 1 : 10); seed += 1) {
        const promises = new Promises();
        const files = await madeFiles();
        crashAt(files, files.steps + step);
        await runSession(files, promises, 3);
        let next = files.afterCrash(kind, seededDice(100 * step + seed));
        await look(next, promises);
        // What was only seen after the crash is a promise too.
        next = next.afterCrash('power', seededDice(step + 1000 * seed));
        await look(next, promises);
        await runSession(next, promises, 2);
      }
    }
  });

  it('keeps them through failing disks and crash after crash', async () => {
    const session = fc.record({
      swaps: fc.nat({ max: 4 }),
      failing: fc.array(fc.nat({ max: 40 }), { maxLength: 6 }),
      crashAfter: fc.integer({ min: 1, max: 60 }),
      kind: fc.constantFrom<CrashKind>('process', 'power'),
      seed: fc.nat(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(session, { minLength: 1, maxLength: 5 }), async (sessions) => {
        const promises = new Promises();
        let files = await madeFiles();
        for (const { swaps, failing, crashAfter, kind, seed } of sessions) {
          const start = files.steps;
          files.beforeStep = ({ number }) => {
            if (number >= start + crashAfter) throw new Crash();
            if (failing.includes(number - start)) throw errno('EIO');
          };
          await runSession(files, promises, swaps);
          files = files.afterCrash(kind, seededDice(seed));
        }
        await look(files, promises);
        await runSession(files, promises, 1);
      }),
      { numRuns: 500 },
    );
  });

  it('is made as a whole or not at all', async () => {
    const whole = new FaultyFiles();
    await writeRegister(whole, { clusterId, config: noConfig });
    for (let step = 1; step <= whole.steps; step += 1) {
      for (let seed = 0; seed < 10; seed += 1) {
        const files = new FaultyFiles();
        crashAt(files, step);
        await writeRegister(files, { clusterId, config: noConfig }).catch(() => {});
        const next = files.afterCrash('power', seededDice(seed));
        const opened = await DurableRegister.open(next).catch((error: unknown) => error);
        if (isTrackerError(opened, 'no_register')) continue;
        expect(opened).toMatchObject({ config: noConfig });
      }
    }
  });
});

/** What somebody was told; it must hold from then on. */
class Promises {
  readonly #told = new Map<number, string>([[0, noConfig.primary]]);
  #newest = 0;

  /** A config that was answered, by a read or by a swap. */
  hear({ epoch, primary }: Config): void {
    expect(this.#told.get(epoch) ?? primary).toBe(primary);
    expect(epoch).toBeGreaterThanOrEqual(this.#newest);
    this.#told.set(epoch, primary);
    this.#newest = epoch;
  }
}

async function madeFiles(): Promise<FaultyFiles> {
  const files = new FaultyFiles();
  await writeRegister(files, { clusterId, config: noConfig });
  return files;
}

let lots = 0;

/** Opens the register and swaps so many times, until the end or the crash. A failure is an everyday outcome. */
async function runSession(files: FaultyFiles, promises: Promises, swaps: number): Promise<void> {
  try {
    const register = await DurableRegister.open(files);
    promises.hear(await register.read());
    for (let count = 0; count < swaps; count += 1) {
      lots += 1;
      const { epoch } = register.config;
      const config = configOf(epoch + 1, lots.toString(16).padStart(32, '0'));
      const outcome = await register.compareAndSwap(epoch, config).catch(everyday);
      if (outcome !== undefined) promises.hear(outcome.kind === 'ok' ? config : outcome.config);
      const read = await register.read().catch(everyday);
      if (read !== undefined) promises.hear(read);
    }
  } catch (error) {
    everyday(error);
  }
  expect(files.openHandles).toBe(0);
}

function everyday(error: unknown): undefined {
  if (!isTrackerError(error, 'register_failed')) throw error;
  return undefined;
}

async function look(files: FaultyFiles, promises: Promises): Promise<void> {
  const register = await DurableRegister.open(files);
  promises.hear(await register.read());
}

function crashAt(files: FaultyFiles, number: number): void {
  files.beforeStep = (step) => {
    if (step.number >= number) throw new Crash();
  };
}

/** Resolves when the next step of that kind is waited for. */
async function untilStep(files: FaultyFiles, action: string): Promise<void> {
  const waitFor = files.beforeStep;
  const { promise, resolve } = Promise.withResolvers<void>();
  files.beforeStep = (step) => {
    if (step.action === action) resolve();
    return waitFor(step);
  };
  await promise;
}
