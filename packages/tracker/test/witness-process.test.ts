/** What a witness said ok to outlives it, however it ends. Real processes, real sockets, a real disk. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import type { Config } from '../src/register.ts';
import { TIMINGS } from '../src/replication/timings.ts';
import { createWitness, initWitness, openWitnessRegister, type WitnessRegister } from '../src/witness.ts';
import { createTestFolder } from './helpers/folder.ts';
import { CLUSTER_ID } from './helpers/witness-scene.ts';
import { spawnWitness, type WitnessProcess } from './helpers/witness-spawn.ts';
import { configOf } from './register-contract.ts';

const network = createTcpNetwork();
const ONE = '01'.repeat(16);

describe('a witness process', () => {
  it('keeps every swap that it said ok to when it is killed in the middle of many', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await initWitness({ dataDir, clusterId: CLUSTER_ID });
    let known = 0;
    for (const enough of [1, 40, 7, 100, 23]) {
      await using witness = await spawnWitness(dataDir);
      await using register = ask(witness);
      const { ok, tried } = await swapUntilKilled(register, witness, { from: known, enough });
      await using next = await spawnWitness(dataDir);
      await using after = ask(next);
      const outcome = await after.read();
      if (outcome.kind !== 'current') throw new Error(outcome.why);
      // The last one may have been done without a word.
      expect([ok, tried]).toContainEqual(outcome.config);
      known = outcome.config.epoch;
    }
    expect(known).toBeGreaterThanOrEqual(171);
  });

  it('is the only one on its folder, until it is killed', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await expect(spawnWitness(dataDir)).rejects.toThrow('no_register');
    await initWitness({ dataDir, clusterId: CLUSTER_ID });
    await using first = await spawnWitness(dataDir);
    await expect(spawnWitness(dataDir)).rejects.toThrow('locked');
    const address = { host: '127.0.0.1', port: 0 };
    await expect(createWitness({ network, address, dataDir })).rejects.toMatchObject({ code: 'locked' });
    await expect(initWitness({ dataDir })).rejects.toMatchObject({ code: 'register_exists' });
    first.kill();
    await first.exited;
    await using second = await createWitness({ network, address, dataDir });
    expect(second.clusterId).toEqual(CLUSTER_ID);
  });

  it('may stand still: questions end in time, and it is asked again when it goes on', async () => {
    await using folder = await createTestFolder();
    const dataDir = folder.path;
    await initWitness({ dataDir, clusterId: CLUSTER_ID });
    await using witness = await spawnWitness(dataDir);
    const clock = createManualClock();
    const register = openWitnessRegister({ network, address: witness.address, clusterId: CLUSTER_ID, clock });
    expect(await register.compareAndSwap(0, configOf(1, ONE))).toEqual({ kind: 'ok' });
    witness.stop();
    for (let round = 0; round < 2; round += 1) {
      const reading = register.read();
      await clock.advanceAsync(TIMINGS.registerMs);
      expect(await reading).toMatchObject({ kind: 'unknown', why: expect.stringContaining('no answer') });
    }
    witness.goOn();
    expect(await register.read()).toEqual({ kind: 'current', config: configOf(1, ONE) });
    // The end of the process is the end of every connection to it, the dropped ones too.
    const closing = register.close();
    witness.kill();
    await closing;
  });
});

function ask({ address }: WitnessProcess): WitnessRegister {
  return openWitnessRegister({ network, address, clusterId: CLUSTER_ID, clock: createManualClock() });
}

/** Swaps one after another, has the witness killed when `enough` went well, and goes on until one is not answered. */
async function swapUntilKilled(
  register: WitnessRegister,
  witness: WitnessProcess,
  { from, enough }: { readonly from: number; readonly enough: number },
): Promise<{ readonly ok: Config; readonly tried: Config }> {
  let ok = configOf(from, ONE);
  for (;;) {
    const tried = configOf(ok.epoch + 1, ONE);
    const outcome = await register.compareAndSwap(ok.epoch, tried);
    if (outcome.kind === 'unknown') return { ok, tried };
    expect(outcome).toEqual({ kind: 'ok' });
    ok = tried;
    if (ok.epoch === from + enough) witness.kill();
  }
}
