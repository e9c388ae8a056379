import { createManifest, createMemoryStore, LEAF_BYTES } from '@minitorrent/chunk-store';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BufferPool } from '../src/buffer-pool.ts';
import { SendBuffers } from '../src/send-buffers.ts';
import { readAhead } from '../src/shell/read-ahead.ts';

const { signal } = new AbortController();

/** A file of one piece or more. */
function sampleFile(size: number) {
  const bytes = Uint8Array.from({ length: size }, (_, at) => (at * 31) % 251);
  return { bytes, manifest: createManifest({ name: 'a.bin', bytes }) };
}

describe('readAhead', () => {
  it('reads the piece from any place on, and never over what the network has not taken', async () => {
    const { manifest, bytes } = sampleFile(100_000);
    await using store = createMemoryStore({ manifest, bytes });
    const piece = bytes.subarray(0, store.layout.pieceSize(0));
    const cases = fc.record({
      from: fc.integer({ min: 0, max: store.layout.leavesIn(0) - 1 }).map((leaf) => leaf * LEAF_BYTES),
      readBytes: fc.integer({ min: 1_000, max: 80_000 }),
      /** How many bytes of the output the network is behind. */
      lag: fc.integer({ min: 0, max: 200_000 }),
    });
    await fc.assert(
      fc.asyncProperty(cases, async ({ from, readBytes, lag }) => {
        const progress = { madeBytes: 0, takenBytes: 0 };
        const buffers = new SendBuffers(new BufferPool(readBytes, 100), () => progress);
        const sent: Uint8Array[] = [];
        for await (const { offset, bytes: part } of readAhead({
          file: { store },
          index: 0,
          from,
          buffers,
          readBytes,
          signal,
        })) {
          expect(offset).toBe(from + progress.madeBytes);
          progress.madeBytes += part.length;
          sent.push(part);
          // What the network takes is right at that moment, and may change afterwards.
          const taken = Math.max(progress.takenBytes, progress.madeBytes - lag);
          for (let at = progress.takenBytes; at < taken; at += 1) {
            const place = sent[Math.floor(at / readBytes)];
            if (place?.[at % readBytes] !== piece[from + at]) throw new Error(`Byte ${at} was read over`);
          }
          progress.takenBytes = taken;
        }
        expect(progress.madeBytes).toBe(piece.length - from);
      }),
      { numRuns: 100 },
    );
  });

  it('uses few buffers where the network keeps up', async () => {
    const { manifest, bytes } = sampleFile(200_000);
    await using store = createMemoryStore({ manifest, bytes });
    const progress = { madeBytes: 0, takenBytes: 0 };
    const buffers = new SendBuffers(new BufferPool(2_000, 100), () => progress);
    const used = new Set<unknown>();
    for await (const part of readAhead({
      file: { store },
      index: 0,
      from: 0,
      buffers,
      readBytes: 2_000,
      signal,
    })) {
      used.add(part.bytes.buffer);
      progress.madeBytes += part.bytes.length;
      progress.takenBytes = progress.madeBytes;
    }
    expect(used.size).toBeLessThanOrEqual(3);
  });

  it('fails where the store does, one part ahead or not', async () => {
    const { manifest } = sampleFile(100_000);
    await using store = createMemoryStore({ manifest });
    const buffers = new SendBuffers(new BufferPool(2_000, 4), () => ({ madeBytes: 0, takenBytes: 0 }));
    const parts = readAhead({ file: { store }, index: 0, from: 0, buffers, readBytes: 2_000, signal });
    await expect(parts.next()).rejects.toMatchObject({ code: 'missing_piece' });
  });
});
