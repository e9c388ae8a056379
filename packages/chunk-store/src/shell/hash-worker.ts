/**
 * The worker's side of `segment-hasher.ts`. It reads the file itself: what the same core has just read is in its cache
 * when it is hashed, which is worth a third of the time.
 */
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { HASH_BYTES, LEAF_BYTES } from '../limits.ts';
import { hashLeaves } from '../merkle-tree.ts';
import { hashPieces } from '../piece-hashes.ts';
import type { HashReply, HashRequest, SegmentHashes, SegmentJob } from './hash-messages.ts';

/** Small enough for a core's second cache. */
const CHUNK_BYTES = 524_288;

const chunk = new Uint8Array(CHUNK_BYTES);

parentPort?.on('message', ({ id, descriptor, job }: HashRequest) => {
  parentPort?.postMessage(answer(id, descriptor, job));
});

function answer(id: number, descriptor: number, job: SegmentJob): HashReply {
  try {
    return { id, hashes: hashSegment(descriptor, job) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { id, failure: { message: error.message, code: 'code' in error ? error.code : undefined } };
  }
}

function hashSegment(descriptor: number, job: SegmentJob): SegmentHashes {
  const leafHashes = new Uint8Array(Math.ceil(job.size / LEAF_BYTES) * HASH_BYTES);
  let done = 0;
  while (done < job.size) {
    const bytes = chunk.subarray(0, Math.min(CHUNK_BYTES, job.size - done));
    const count = readFullySync(descriptor, bytes, job.position + done);
    hashLeaves(bytes.subarray(0, count), leafHashes.subarray((done / LEAF_BYTES) * HASH_BYTES));
    done += count;
    if (count < bytes.length) break;
  }
  return { size: done, leafHashes, pieceHashes: hashPieces(leafHashes, job) };
}

function readFullySync(descriptor: number, target: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < target.length) {
    const count = readSync(descriptor, target, filled, target.length - filled, position + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled;
}
