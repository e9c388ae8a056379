import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createFrameQueue } from '../src/frame-queue.ts';
import { assertProperty } from './support/assert-property.ts';

describe('createFrameQueue', () => {
  test('gives out every byte in order, joining neighbours in one buffer', () => {
    const slab = Uint8Array.from({ length: 100 }, (_, index) => index);
    const cuts = fc.array(fc.tuple(fc.nat(100), fc.nat(100), fc.boolean()), { maxLength: 20, size: 'max' });
    assertProperty(
      fc.property(cuts, (ranges) => {
        const queue = createFrameQueue();
        const parts = ranges.map(([a, b, isCopy]) => {
          const part = slab.subarray(Math.min(a, b), Math.max(a, b));
          return isCopy ? part.slice() : part;
        });
        for (const part of parts) queue.add([part]);
        expect(queue.byteLength).toBe(Buffer.concat(parts).length);
        const taken = queue.take();
        expect(Buffer.concat(taken)).toEqual(Buffer.concat(parts));
        expect(taken.length).toBeLessThanOrEqual(parts.length + 1);
        expect(queue.byteLength).toBe(0);
      }),
    );
  });

  test('joins small frames that share a slab into one part', () => {
    const slab = new Uint8Array(64);
    const queue = createFrameQueue();
    for (let start = 0; start < 64; start += 8) queue.add([slab.subarray(start, start + 8)]);
    expect(queue.take()).toEqual([slab]);
    expect(queue.take()).toEqual([]);
  });
});
