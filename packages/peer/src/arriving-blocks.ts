/**
 * Where blocks arrive: in buffers that are used again, and that move to the thread which hashes, and back.
 */
import type { BlockHasher, HashedBlock } from '@minitorrent/chunk-store';
import { BufferPool } from './buffer-pool.ts';
import { PEER_MESSAGE_LIMITS as LIMITS } from './message-limits.ts';

/** Shorter messages are not worth a buffer. */
const WORTH_A_BUFFER_BYTES = LIMITS.blockBytes / 2;
/** As many as may lie unread in four streams. */
const MOST_FREE = 16;

export class ArrivingBlocks {
  readonly #hasher: BlockHasher;
  readonly #pool: BufferPool;
  readonly #ours = new WeakSet<ArrayBufferLike>();

  /** `hasher` is closed by whoever made it. */
  constructor(hasher: BlockHasher) {
    this.#hasher = hasher;
    this.#pool = new BufferPool(LIMITS.pieceItemBytes, MOST_FREE, (byteLength) => {
      const buffer = hasher.allocate(byteLength);
      this.#ours.add(buffer.buffer);
      return buffer;
    });
  }

  /** Memory for a message that arrives, as `ConnectionOptions.allocate`. */
  allocate(byteLength: number): Uint8Array {
    const isBlock = byteLength > WORTH_A_BUFFER_BYTES && byteLength <= LIMITS.pieceItemBytes;
    return isBlock ? this.#pool.take() : new Uint8Array(byteLength);
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
    if (this.#ours.has(bytes.buffer)) this.#pool.give(new Uint8Array(bytes.buffer));
  }
}
