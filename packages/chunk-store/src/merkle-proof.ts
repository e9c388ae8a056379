/**
 * Proofs that a node belongs to a tree: the sibling of each node on the way from it to the root, bottom first.
 *
 * The same two functions serve a leaf below a piece and a piece below the root. A proof says nothing about how many
 * nodes the tree has; the caller knows that from the layout.
 */
import { timingSafeEqual } from 'node:crypto';
import { HASH_BYTES } from './limits.ts';
import { hashPair, merkleLevels, type TreeShape } from './merkle-tree.ts';

/** What `verifyMerkleProof` compares. */
export interface MerkleClaim {
  /** The root that is trusted. */
  readonly root: Uint8Array;
  /** The bottom node in question. */
  readonly hash: Uint8Array;
  /** Its place among the bottom nodes. */
  readonly index: number;
  /** The siblings, 32 bytes each. */
  readonly proof: Uint8Array;
  /** Bottom nodes of the tree, padding included: a power of two. */
  readonly width: number;
}

/** The siblings of bottom node `index` and of the nodes above it. Throws RangeError outside the tree. */
export function createMerkleProof(hashes: Uint8Array, index: number, shape: TreeShape): Uint8Array {
  if (!Number.isInteger(index) || index < 0 || index >= shape.width) {
    throw new RangeError(`Cannot prove node ${index}, expected a whole number below ${shape.width}`);
  }
  const proof = new Uint8Array(Math.log2(shape.width) * HASH_BYTES);
  let filled = 0;
  let place = index;
  for (const { nodes, count, padding } of merkleLevels(hashes, shape)) {
    if (filled === proof.length) break;
    const sibling = place % 2 === 0 ? place + 1 : place - 1;
    const start = sibling * HASH_BYTES;
    proof.set(sibling < count ? nodes.subarray(start, start + HASH_BYTES) : padding, filled);
    filled += HASH_BYTES;
    place = Math.floor(place / 2);
  }
  return proof;
}

/** Whether the proof leads from the node at its index to the root. Never throws for bytes from outside. */
export function verifyMerkleProof(claim: MerkleClaim): boolean {
  const { root, index, proof, width } = claim;
  if (claim.hash.length !== HASH_BYTES || root.length !== HASH_BYTES) return false;
  if (!Number.isInteger(index) || index < 0 || index >= width) return false;
  if (proof.length !== Math.log2(width) * HASH_BYTES) return false;
  let node = claim.hash;
  let place = index;
  for (let start = 0; start < proof.length; start += HASH_BYTES) {
    const sibling = proof.subarray(start, start + HASH_BYTES);
    node = place % 2 === 0 ? hashPair(node, sibling) : hashPair(sibling, node);
    place = Math.floor(place / 2);
  }
  return timingSafeEqual(node, root);
}
