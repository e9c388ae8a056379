/** The commands of the program, which do nothing but answer the exit code 0. */
import { vi } from 'vitest';
import type { Actions } from '../../src/actions.ts';

export function createFakeActions() {
  return {
    tracker: vi.fn<Actions['tracker']>(async () => 0),
    trackerStatus: vi.fn<Actions['trackerStatus']>(async () => 0),
    trackerPromote: vi.fn<Actions['trackerPromote']>(async () => 0),
    trackerBackup: vi.fn<Actions['trackerBackup']>(async () => 0),
    trackerRestore: vi.fn<Actions['trackerRestore']>(async () => 0),
    trackerIdentity: vi.fn<Actions['trackerIdentity']>(async () => 0),
    trackerInvite: vi.fn<Actions['trackerInvite']>(async () => 0),
    witnessIdentity: vi.fn<Actions['witnessIdentity']>(async () => 0),
    connect: vi.fn<Actions['connect']>(async () => 0),
    witness: vi.fn<Actions['witness']>(async () => 0),
    witnessInit: vi.fn<Actions['witnessInit']>(async () => 0),
    clusterUp: vi.fn<Actions['clusterUp']>(async () => 0),
    peer: vi.fn<Actions['peer']>(async () => 0),
    demo: vi.fn<Actions['demo']>(async () => 0),
  };
}
