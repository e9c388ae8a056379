/**
 * A hashing thread. Segments of a file it reads itself: what the same core has just read is in its cache when it is
 * hashed, which is worth a third of the time. The memory of blocks moves here and back.
 */
import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { HASH_BYTES, LEAF_BYTES } from '../limits.ts';
import { hashLeaves } from '../merkle-tree.ts';
import { hashPieces } from '../piece-hashes.ts';
import type {
  BlockHashes,
  BlockRequest,
  HashReply,
  HashRequest,
  NumberedRequest,
  SegmentHashes,
  SegmentJob,
} from './hash-messages.ts';

/** Small enough for a core's second cache. */
const CHUNK_BYTES = 524_288;

const chunk = new Uint8Array(CHUNK_BYTES);

parentPort?.on('message', ({ id, request }: NumberedRequest) => {
  const moved = request.kind === 'block' ? [request.memory] : [];
  parentPort?.postMessage(reply(id, request), moved);
});

function reply(id: number, request: HashRequest): HashReply {
  try {
    return { id, answer: answer(request) };
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return { id, failure: { message: error.message, code: 'code' in error ? error.code : undefined } };
  }
}

function answer(request: HashRequest): SegmentHashes | BlockHashes {
  return request.kind === 'block' ? hashBlock(request) : hashSegment(request.descriptor, request.job);
}

function hashBlock({ memory, byteOffset, byteLength }: BlockRequest): BlockHashes {
  return { memory, leafHashes: hashLeaves(new Uint8Array(memory, byteOffset, byteLength)) };
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
