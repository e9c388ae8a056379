import { hashLeaves } from '@minitorrent/chunk-store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ArrivingBlocks } from '../src/arriving-blocks.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from '../src/message-limits.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { createRunningHasher } from './support/threaded-hasher.ts';

describe('ArrivingBlocks', () => {
  it('uses the memory of a block again once it is released, whatever part of it is named', () => {
    const blocks = inlineBlocks();
    const first = blocks.allocate(LIMITS.blockBytes + 20);
    const second = blocks.allocate(LIMITS.blockBytes + 20);
    expect(second.buffer).not.toBe(first.buffer);
    blocks.release(first.subarray(20, 20 + LIMITS.blockBytes));
    expect(blocks.allocate(LIMITS.pieceItemBytes).buffer).toBe(first.buffer);
  });

  it('gives no buffer for a short message, nor for one that is no block, and takes none from others', () => {
    const blocks = inlineBlocks();
    for (const byteLength of [100, LIMITS.pieceItemBytes + 1]) {
      const memory = blocks.allocate(byteLength);
      expect(memory).toHaveLength(byteLength);
      blocks.release(memory);
      expect(blocks.allocate(byteLength).buffer).not.toBe(memory.buffer);
    }
    const others = new Uint8Array(LIMITS.pieceItemBytes);
    blocks.release(others);
    expect(blocks.allocate(LIMITS.pieceItemBytes).buffer).not.toBe(others.buffer);
  });

  it('uses the memory of shorter blocks again too, such as those of short pieces, and wastes no more than half', () => {
    const blocks = inlineBlocks();
    const lengths = fc.integer({ min: 32 * 1024, max: LIMITS.pieceItemBytes });
    fc.assert(
      fc.property(lengths, (byteLength) => {
        const memory = blocks.allocate(byteLength);
        expect(memory.length).toBeGreaterThanOrEqual(byteLength);
        expect(memory.length).toBeLessThan(2 * byteLength);
        blocks.release(memory.subarray(0, byteLength));
        const again = blocks.allocate(byteLength);
        expect(again.buffer).toBe(memory.buffer);
        expect(blocks.allocate(byteLength).buffer).not.toBe(memory.buffer);
        blocks.release(again);
      }),
    );
  });

  it('hashes what arrived, on a thread too', async () => {
    await using hasher = await createRunningHasher(1);
    const blocks = new ArrivingBlocks(hasher);
    const block = blocks.allocate(LIMITS.blockBytes).subarray(0, LIMITS.blockBytes).fill(7);
    const wanted = hashLeaves(block);
    const { bytes, leafHashes } = await blocks.hash(block);
    expect(leafHashes).toEqual(wanted);
    blocks.release(bytes);
    expect(blocks.allocate(LIMITS.blockBytes).buffer).toBe(bytes.buffer);
  });
});
