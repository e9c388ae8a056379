/** A witness on a host of its own, on virtual time: its disk is memory, and the ways to it can be cut or fall silent. */
import { createServer } from '@minitorrent/rpc-core';
import {
  createLeakCheck,
  createManualClock,
  createSeededNetwork,
  createSeededRandom,
  type LeakCheck,
  type ManualClock,
  type SeededNetwork,
} from '@minitorrent/rpc-core/testing';
import { noConfig } from '../../src/register.ts';
import { DurableRegister } from '../../src/witness/durable-register.ts';
import { writeRegister } from '../../src/witness/register-steps.ts';
import { serveRegister } from '../../src/witness/serve-register.ts';
import { openWitnessRegister, type WitnessRegister } from '../../src/witness.ts';
import { FaultyFiles } from './witness-faults.ts';
import { CLUSTER_ID } from './witness-scene.ts';

const address = { host: 'witness', port: 7 };

export interface FarWitness extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly network: SeededNetwork;
  /** Counts the connections and timers of all registers. */
  readonly leaks: LeakCheck;
  /** What the witness keeps. */
  readonly kept: DurableRegister;
  /** A register on that host. */
  open(host: string): WitnessRegister;
}

export async function createFarWitness({ seed = 1, delayMs = 1, jitterMs = 0 } = {}): Promise<FarWitness> {
  const clock = createManualClock();
  const network = createSeededNetwork({
    clock,
    random: createSeededRandom(seed),
    conditions: { delayMs, jitterMs },
  });
  const leaks = createLeakCheck();
  const files = new FaultyFiles();
  await writeRegister(files, { clusterId: CLUSTER_ID, config: noConfig });
  const kept = await DurableRegister.open(files);
  const server = await createServer({
    network: network.host(address.host),
    address,
    clock,
    serve: [serveRegister(kept, () => {})],
  });
  const registers: WitnessRegister[] = [];
  return {
    clock,
    network,
    leaks,
    kept,
    open: (host) => {
      const register = openWitnessRegister({
        network: leaks.network(network.host(host)),
        address,
        clusterId: CLUSTER_ID,
        clock: leaks.clock(clock),
      });
      registers.push(register);
      return register;
    },
    [Symbol.asyncDispose]: async () => {
      for (const register of registers) await clock.runUntilSettled(register.close());
      await clock.runUntilSettled(server.close({ signal: AbortSignal.abort() }));
    },
  };
}
