/**
 * The Merkle tree of BEP 52: SHA-256 over 16 KiB leaves, the last one hashed at its real length, the tree padded to a
 * power of two with leaf hashes of 32 zero bytes.
 *
 * Hashes are handled as one run of bytes, 32 each, never as objects. Nodes above nothing but padding are computed once a
 * level instead of once each, so a root costs as many hashes as there are real nodes.
 */
import { hash } from 'node:crypto';
import { HASH_BYTES, LEAF_BYTES } from './limits.ts';

/** The shape of a tree whose `width` bottom nodes are not all there. */
export interface TreeShape {
  /** Bottom nodes, padding included: a power of two. */
  readonly width: number;
  /** What a missing bottom node counts as; 32 zero bytes unless given. */
  readonly padding?: Uint8Array;
}

/** SHA-256 of one leaf, 32 bytes. */
export function hashLeaf(leaf: Uint8Array): Uint8Array {
  return sha256(leaf);
}

/** SHA-256 of every 16 KiB leaf of `bytes`, 32 bytes each; the last leaf may be short. `out` is filled if given. */
export function hashLeaves(bytes: Uint8Array, out?: Uint8Array): Uint8Array {
  const leafCount = Math.ceil(bytes.length / LEAF_BYTES);
  const hashes = out ?? new Uint8Array(leafCount * HASH_BYTES);
  const target = asBuffer(hashes);
  for (let leaf = 0; leaf < leafCount; leaf += 1) {
    const end = Math.min((leaf + 1) * LEAF_BYTES, bytes.length);
    writeHash(target, leaf * HASH_BYTES, bytes.subarray(leaf * LEAF_BYTES, end));
  }
  return hashes;
}

/** The root above bottom nodes given as 32 bytes each. Throws RangeError where they do not fit the shape. */
export function merkleRoot(hashes: Uint8Array, shape: TreeShape): Uint8Array {
  let root = shape.padding ?? new Uint8Array(HASH_BYTES);
  for (const level of merkleLevels(hashes, shape)) root = level.count > 0 ? level.nodes : level.padding;
  return root.slice(0, HASH_BYTES);
}

/** The node `height` levels above bottom nodes that are all `padding`. */
export function paddingNode(height: number, padding: Uint8Array = new Uint8Array(HASH_BYTES)): Uint8Array {
  let node = padding;
  for (let level = 0; level < height; level += 1) node = hashPair(node, node);
  return node;
}

/** The node above two nodes. */
export function hashPair(left: Uint8Array, right: Uint8Array): Uint8Array {
  const pair = new Uint8Array(2 * HASH_BYTES);
  pair.set(left);
  pair.set(right, HASH_BYTES);
  return sha256(pair);
}

/** One level of a tree: `count` real nodes at the start of `nodes`, and what stands for every other one. */
export interface MerkleLevel {
  readonly nodes: Uint8Array;
  readonly count: number;
  readonly padding: Uint8Array;
}

/** The levels from the bottom to the root. `nodes` is reused: it holds good until the next level is asked for. */
export function* merkleLevels(hashes: Uint8Array, shape: TreeShape): Generator<MerkleLevel, void, undefined> {
  checkShape(hashes, shape);
  let count = hashes.length / HASH_BYTES;
  let padding = shape.padding ?? new Uint8Array(HASH_BYTES);
  const nodes = new Uint8Array(hashes.length + HASH_BYTES);
  nodes.set(hashes);
  for (let width = shape.width; ; width /= 2) {
    yield { nodes, count, padding };
    if (width === 1) return;
    if (count % 2 === 1) nodes.set(padding, count * HASH_BYTES);
    count = Math.ceil(count / 2);
    hashPairsInPlace(nodes, count);
    padding = hashPair(padding, padding);
  }
}

/** Replaces the first `pairCount` pairs by the nodes above them. A node never lies behind the pair that it replaces. */
function hashPairsInPlace(nodes: Uint8Array, pairCount: number): void {
  const target = asBuffer(nodes);
  for (let pair = 0; pair < pairCount; pair += 1) {
    const start = pair * 2 * HASH_BYTES;
    writeHash(target, pair * HASH_BYTES, nodes.subarray(start, start + 2 * HASH_BYTES));
  }
}

/** Puts a hash into its place. By way of a string, as a Buffer for each hash would cost more than hashing two nodes. */
function writeHash(target: Buffer, place: number, bytes: Uint8Array): void {
  target.write(hash('sha256', bytes, 'binary'), place, 'latin1');
}

function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** A plain Uint8Array: the slice of a Buffer would be a view. */
function sha256(bytes: Uint8Array): Uint8Array {
  const { buffer, byteOffset, byteLength } = hash('sha256', bytes, 'buffer');
  return new Uint8Array(buffer, byteOffset, byteLength);
}

function checkShape(hashes: Uint8Array, { width }: TreeShape): void {
  if (!Number.isSafeInteger(width) || width < 1 || !Number.isInteger(Math.log2(width))) {
    throw new RangeError(`Cannot build a tree of width ${width}, expected a power of two`);
  }
  if (hashes.length % HASH_BYTES !== 0 || hashes.length > width * HASH_BYTES) {
    throw new RangeError(
      `Cannot build a tree of width ${width} from ${hashes.length} bytes, expected at most ${width} hashes of ${HASH_BYTES} bytes`,
    );
  }
}
