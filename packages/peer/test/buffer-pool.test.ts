import { describe, expect, it } from 'vitest';
import { BufferPool } from '../src/buffer-pool.ts';

describe('BufferPool', () => {
  it('gives a buffer out again once it was given back, and not before', () => {
    const pool = new BufferPool(8, 2);
    const first = pool.take();
    const second = pool.take();
    expect(second).not.toBe(first);
    pool.give(first);
    expect(pool.take()).toBe(first);
    expect(first).toHaveLength(8);
  });

  it('keeps no more free buffers than it may', () => {
    const pool = new BufferPool(8, 1);
    const [first, second] = [pool.take(), pool.take()];
    pool.give(first);
    pool.give(second);
    expect(pool.take()).toBe(first);
    expect(pool.take()).not.toBe(second);
  });

  it('refuses a buffer of another size', () => {
    expect(() => new BufferPool(8, 1).give(new Uint8Array(9))).toThrow(RangeError);
  });
});
