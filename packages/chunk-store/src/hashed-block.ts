/**
 * A block and the hashes of its leaves, so that hashing can be done elsewhere and before anything is done with the block.
 */
import { hashLeaves } from './merkle-tree.ts';

/** Held by the hashers of this package alone, so that a block's hashes are never somebody else's claim. */
const mint: unique symbol = Symbol('HashedBlock');

/** A block with its leaf hashes; made by `hashBlock` and by a `BlockHasher`. */
export class HashedBlock {
  /** Not to be changed while anyone uses the block. */
  readonly bytes: Uint8Array;
  /** 32 bytes for each leaf of 16 KiB, the last of which may be short. */
  readonly leafHashes: Uint8Array;

  /** Throws TypeError for everybody but the hashers of this package. */
  constructor(token: symbol, bytes: Uint8Array, leafHashes: Uint8Array) {
    if (token !== mint) throw new TypeError('Cannot make a HashedBlock, expected a hasher to do it');
    this.bytes = bytes;
    this.leafHashes = leafHashes;
  }
}

/** Hashes here and now. */
export function hashBlock(bytes: Uint8Array): HashedBlock {
  return new HashedBlock(mint, bytes, hashLeaves(bytes));
}

/** For hashers: `leafHashes` are those of `bytes`. */
export function hashedElsewhere(bytes: Uint8Array, leafHashes: Uint8Array): HashedBlock {
  return new HashedBlock(mint, bytes, leafHashes);
}
