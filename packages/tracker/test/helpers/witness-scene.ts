/** Witnesses and the ways to them, for tests over any network. */
import type { Address, Clock, Network } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import {
  createWitness,
  initWitness,
  openWitnessRegister,
  type Witness,
  type WitnessRegister,
} from '../../src/witness.ts';
import { createTestFolder, type TestFolder } from './folder.ts';

export const CLUSTER_ID: Uint8Array = new Uint8Array(16).fill(0xc1);
const ANYWHERE: Address = { host: '127.0.0.1', port: 0 };

/** A witness with a folder of its own, and registers that ask it. */
export interface WitnessScene extends AsyncDisposable {
  readonly folder: TestFolder;
  readonly witness: Witness;
  /** A register with a connection of its own; closed with the scene. */
  open(options?: { readonly clusterId?: Uint8Array; readonly clock?: Clock }): WitnessRegister;
  /** Starts a witness on the same folder and address, once the one before is closed. */
  restart(): Promise<void>;
}

/** Time stands still unless a clock is given, so that no question is given up on a busy machine. */
export async function createWitnessScene(
  options: { readonly network?: Network; readonly clock?: Clock; readonly address?: Address } = {},
): Promise<WitnessScene> {
  const { network = createMemoryNetwork(), clock = createManualClock(), address = ANYWHERE } = options;
  await using opened = new AsyncDisposableStack();
  const folder = opened.use(await createTestFolder());
  const dataDir = folder.path;
  await initWitness({ dataDir, clusterId: CLUSTER_ID });
  let witness = await createWitness({ network, clock, address, dataDir });
  opened.defer(() => witness.close({ signal: AbortSignal.abort() }));
  const resources = opened.move();
  return {
    folder,
    get witness() {
      return witness;
    },
    open: ({ clusterId = CLUSTER_ID, clock: otherClock = clock } = {}) =>
      resources.use(openWitnessRegister({ network, address: witness.address, clusterId, clock: otherClock })),
    restart: async () => {
      witness = await createWitness({ network, clock, address: witness.address, dataDir });
    },
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}
