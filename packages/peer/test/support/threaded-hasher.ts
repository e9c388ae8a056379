import { type BlockHasher, createBlockHasher } from '@minitorrent/chunk-store';

/** A hasher whose threads, if any, run already: others hash here until they do. */
export async function createRunningHasher(threads: number): Promise<BlockHasher> {
  const hasher = createBlockHasher({ threads });
  for (let isRunning = threads === 0; !isRunning; ) {
    const block = hasher.allocate(1_048_576);
    await hasher.hash(block);
    // It has moved to a thread.
    isRunning = block.length === 0;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return hasher;
}
