import { describe, expect, it } from 'vitest';
import { BufferPool } from '../src/buffer-pool.ts';
import { SendBuffers } from '../src/send-buffers.ts';

/** Buffers of 8 bytes over an output that the test moves. */
function subject() {
  const progress = { madeBytes: 0, takenBytes: 0 };
  const buffers = new SendBuffers(new BufferPool(8, 4), () => progress);
  return { progress, buffers };
}

describe('SendBuffers', () => {
  it('uses a buffer again as soon as the network has taken all that it held', () => {
    const { progress, buffers } = subject();
    const first = buffers.take();
    progress.madeBytes = 100;
    buffers.sent(first);
    progress.takenBytes = 99;
    expect(buffers.take()).not.toBe(first);
    progress.takenBytes = 100;
    expect(buffers.take()).toBe(first);
    expect(buffers.take()).not.toBe(first);
  });
});
