/**
 * A hashing thread. Segments of a file it reads itself: what the same core has just read is in its cache when it is
 * hashed, which is worth a third of the time. Blocks are in memory that it shares with whoever asks.
 */
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { HASH_BYTES, LEAF_BYTES } from '../limits.ts';
import { hashLeaves } from '../merkle-tree.ts';
import { hashPieces } from '../piece-hashes.ts';
import type { HashReply, HashRequest, NumberedRequest, SegmentHashes, SegmentJob } from './hash-messages.ts';

/** Small enough for a core's second cache. */
const CHUNK_BYTES = 524_288;

const chunk = new Uint8Array(CHUNK_BYTES);

parentPort?.on('message', (request: NumberedRequest) => parentPort?.postMessage(reply(request)));

function reply({ id, request }: NumberedRequest): HashReply {
  try {
    return { id, answer: answer(request) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { id, failure: { message: error.message, code: 'code' in error ? error.code : undefined } };
  }
}

function answer(request: HashRequest): SegmentHashes | Uint8Array {
  if (request.kind === 'block') return hashLeaves(request.bytes);
  return hashSegment(request.descriptor, request.job);
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
