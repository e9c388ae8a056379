import { createBlockHasher } from '@minitorrent/chunk-store';
import { ArrivingBlocks } from '../../src/arriving-blocks.ts';

/** Blocks that are hashed on the calling thread. */
export function inlineBlocks(): ArrivingBlocks {
  return new ArrivingBlocks(createBlockHasher({ threads: 0 }));
}
