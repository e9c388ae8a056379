/**
 * Makes the register of a witness, which a witness never does by itself: one that lost what it held must not look like a
 * new one.
 */
import type { Random } from '@minitorrent/rpc-core';
import { createSystemRandom } from '@minitorrent/rpc-core';
import { isTrackerError } from '../errors.ts';
import { type Config, noConfig } from '../register.ts';
import { CLUSTER_ID_BYTES, checkClusterId } from '../witness/limits.ts';
import { requireNoRegister, writeRegister } from '../witness/register-steps.ts';
import type { WitnessFiles } from '../witness/witness-files.ts';
import { type FolderLock, lockFolder } from './folder-lock.ts';
import { createWitnessFiles, makeWitnessFolder } from './witness-folder.ts';

export interface InitWitnessOptions {
  /** Made where it is missing; then only its owner can read it. */
  readonly dataDir: string;
  /** 16 bytes; random unless given. For the witness of a cluster that has an id already. */
  readonly clusterId?: Uint8Array;
  /**
   * What the register begins with; nobody is primary unless given. Only for a register in place of a lost one, and then
   * the newest config that any tracker of the cluster knows: where one of them could not be asked, two may become primary.
   */
  readonly config?: Config;
  /** The system's unless given. */
  readonly random?: Random;
}

/**
 * Makes the register of a cluster, and answers the cluster's id, which every tracker of it needs. Once for a cluster:
 * fails with `register_exists` where there is one already, whole or not, with `locked`, and with `register_failed` where
 * it cannot be made.
 */
export async function initWitness(options: InitWitnessOptions): Promise<Uint8Array> {
  const { dataDir, random = createSystemRandom(), config = noConfig } = options;
  const clusterId = checkClusterId(options.clusterId ?? random.bytes(CLUSTER_ID_BYTES));
  const files = createWitnessFiles(dataDir);
  await makeWitnessFolder(dataDir);
  const lock = await lockUnused(files);
  try {
    await requireNoRegister(files);
    await writeRegister(files, { clusterId, config });
    return clusterId;
  } finally {
    lock.unlock();
  }
}

/** Where somebody uses the folder, a register that is there says more than the lock. */
async function lockUnused(files: WitnessFiles): Promise<FolderLock> {
  try {
    return lockFolder(files.place, { name: 'witness', failure: 'register_failed' });
  } catch (error) {
    if (isTrackerError(error, 'locked')) await requireNoRegister(files);
    throw error;
  }
}
