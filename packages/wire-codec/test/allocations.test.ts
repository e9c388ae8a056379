/**
 * What messages cost in memory: counts, not timings, so that they hold on any machine.
 *
 * Each bound is what was measured and a quarter more. A failure says that a change made every message dearer; where that
 * is meant, measure again and say why.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { describe, expect, it } from 'vitest';
import {
  createFrameDecoder,
  decode,
  encode,
  encodeFrame,
  enumeration,
  type Frame,
  fixedBytes,
  list,
  struct,
  text,
  u16,
} from '../src/index.ts';

// Optimized code leaves out some of the objects that the source makes, sooner or later: what the source makes is counted.
for (const compiler of ['opt', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${compiler}`);

const announcedFile = struct(
  {
    groupId: text({ maxBytes: 64 }),
    root: fixedBytes(32),
    holding: enumeration({ complete: 1, partial: 2, gone: 3 }),
  },
  { extensible: true },
);
/** The layout of the tracker's `announce`. */
const announce = struct({ port: u16, files: list(announcedFile, { maxItems: 500 }) }, { extensible: true });

const file = { groupId: 'holiday-videos', root: new Uint8Array(32).fill(7), holding: 'partial' } as const;
const message = { port: 6_881, files: [file, { ...file, holding: 'complete' } as const] };
const BLOCK_BYTES = 256 * 1024;
const CHUNK_BYTES = 64 * 1024;
/** Measured at most: 430, 950, 780, 800 and 3,420, with coverage, which adds a little of its own. */
const MOST = {
  encodedAnnounce: 540,
  decodedAnnounce: 1_190,
  sentBlock: 970,
  blockInOneChunk: 1_000,
  blockInFourChunks: 4_280,
};

describe('bytes allocated', () => {
  it('by an announce of two files that is encoded', () => {
    expect(heapBytesOf(() => encode(announce, message))).toBeLessThan(MOST.encodedAnnounce);
  });

  it('by an announce of two files that is decoded', () => {
    const bytes = encode(announce, message);
    expect(heapBytesOf(() => decode(announce, bytes))).toBeLessThan(MOST.decodedAnnounce);
  });

  it('by a frame with a block that is sent', () => {
    const block = new Uint8Array(BLOCK_BYTES);
    const send = () => encodeFrame('send_pieces', (writer) => writer.bytes(block));
    expect(heapBytesOf(send)).toBeLessThan(MOST.sentBlock);
    expect(send().map((part) => part.buffer)).toContain(block.buffer);
  });

  it('by a frame with a block that comes in one chunk: nothing but a view', () => {
    const { receive, stream } = receiver(Number.POSITIVE_INFINITY);
    expect(heapBytesOf(receive)).toBeLessThan(MOST.blockInOneChunk);
    expect(receive().payload.buffer).toBe(stream.buffer);
  });

  it('by a frame with a block that comes in four chunks: one copy', () => {
    const { receive } = receiver(CHUNK_BYTES);
    expect(heapBytesOf(receive)).toBeLessThan(MOST.blockInFourChunks);
    expect(receive().payload.buffer.byteLength).toBeLessThan(BLOCK_BYTES * 1.25);
  });
});

/** Takes one frame with a block through a decoder, in chunks of that many bytes. */
function receiver(chunkBytes: number): { readonly receive: () => Frame; readonly stream: Uint8Array } {
  const decoder = createFrameDecoder({ maxPayloadBytes: BLOCK_BYTES });
  const stream = new Uint8Array(Buffer.concat(encodeFrame('send_pieces', new Uint8Array(BLOCK_BYTES))));
  const chunks: Uint8Array[] = [];
  for (let start = 0; start < stream.length; start += chunkBytes) {
    chunks.push(stream.subarray(start, start + chunkBytes));
  }
  const receive = (): Frame => {
    for (const chunk of chunks) decoder.push(chunk);
    const frame = decoder.next();
    if (frame === undefined) throw new Error('The frame is not whole');
    return frame;
  };
  return { receive, stream };
}

/**
 * Bytes of the heap for one call, once it is compiled; V8 counts all that it ever gave away, so no collection disturbs it. The
 * least of a few goes: on a busy machine the test runner does something of its own in between, and counts are never too low.
 */
function heapBytesOf(task: () => unknown): number {
  const calls = 1_000;
  for (let call = 0; call < calls; call += 1) task();
  const totals = Array.from({ length: 5 }, () => {
    const before = totalAllocatedBytes();
    for (let call = 0; call < calls; call += 1) task();
    return totalAllocatedBytes() - before;
  });
  return Math.min(...totals) / calls;
}

function totalAllocatedBytes(): number {
  const { total_allocated_bytes: total } = getHeapStatistics();
  if (total === undefined) throw new Error('This Node.js does not count what is allocated');
  return total;
}
