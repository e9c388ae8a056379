/**
 * Where blocks arrive: in buffers that are used again, and that move to the thread which hashes, and back.
 */
import type { BlockHasher, HashedBlock } from '@minitorrent/chunk-store';
import { BufferPool } from './buffer-pool.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from './message-limits.ts';

/** Beside a block, in the message that brings it. */
const ENVELOPE_BYTES = LIMITS.pieceItemBytes - LIMITS.blockBytes;
/** Of the messages that are worth a buffer: those that bring a block, or the whole of a piece that is shorter. */
const SIZES: readonly number[] = [32, 16, 8, 4, 2, 1].map(
  (part) => LIMITS.blockBytes / part + ENVELOPE_BYTES,
);
/** As many as may lie unread in four streams. */
const MOST_FREE = 16;

export class ArrivingBlocks {
  readonly #hasher: BlockHasher;
  /** One for each size. */
  readonly #pools: ReadonlyMap<number, BufferPool>;
  readonly #ours = new WeakSet<ArrayBufferLike>();

  /** `hasher` is closed by whoever made it. */
  constructor(hasher: BlockHasher) {
    this.#hasher = hasher;
    const make = (byteLength: number): Uint8Array => {
      const buffer = hasher.allocate(byteLength);
      this.#ours.add(buffer.buffer);
      return buffer;
    };
    this.#pools = new Map(SIZES.map((size) => [size, new BufferPool(size, MOST_FREE, make)]));
  }

  /** Memory for a message that arrives, as `ConnectionOptions.allocate`. */
  allocate(byteLength: number): Uint8Array {
    const size = SIZES.find((most) => byteLength <= most);
    const pool = size === undefined || 2 * byteLength <= size ? undefined : this.#pools.get(size);
    return pool?.take() ?? new Uint8Array(byteLength);
  }

  /** As `BlockHasher.hash`: from then on the block is the `bytes` of the answer. */
  async hash(block: Uint8Array): Promise<HashedBlock> {
    const isOurs = this.#ours.has(block.buffer);
    const hashed = await this.#hasher.hash(block);
    if (isOurs) this.#ours.add(hashed.bytes.buffer);
    return hashed;
  }

  /** Nobody uses the message any more of which `bytes` are a part. To be said once, or not at all. */
  release(bytes: Uint8Array): void {
    if (this.#ours.has(bytes.buffer))
      this.#pools.get(bytes.buffer.byteLength)?.give(new Uint8Array(bytes.buffer));
  }
}
