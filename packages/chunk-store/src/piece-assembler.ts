/**
 * From bytes of a stranger to a verified piece, one leaf at a time.
 *
 * A peer sends the leaf hashes of a piece first; they are checked against the piece layer before anything is allocated.
 * Then every leaf is checked as it arrives, so a liar costs at most one leaf, and is known by it. What was verified stays,
 * and another peer can send the rest. Nothing here touches a disk, a socket or a clock.
 */
import { timingSafeEqual } from 'node:crypto';
import { Bitfield } from './bitfield.ts';
import { StoreError } from './errors.ts';
import { HashedBlock, hashBlock } from './hashed-block.ts';
import { HASH_BYTES, LEAF_BYTES } from './limits.ts';
import { type Manifest, pieceHash } from './manifest.ts';
import { hashLeaves, merkleRoot } from './merkle-tree.ts';
import { createPieceLayout, type PieceLayout } from './piece-layout.ts';

/** Known to this module alone: without it nobody makes a `VerifiedPiece`. */
const mint: unique symbol = Symbol('mint');

interface PieceParts {
  readonly manifest: Manifest;
  readonly index: number;
  readonly parts: readonly Uint8Array[];
  readonly leafHashes: Uint8Array;
}

/** A piece whose bytes were checked against a manifest. Only a verifier makes one; stores accept nothing else. */
export class VerifiedPiece {
  readonly manifest: Manifest;
  readonly index: number;
  /** The bytes, in one part or in several that follow each other; not to be changed while anyone uses the piece. */
  readonly parts: readonly Uint8Array[];
  /** The hashes of its leaves, 32 bytes each. */
  readonly leafHashes: Uint8Array;

  /** Throws TypeError for everybody but the verifiers of this package. */
  constructor(token: symbol, parts: PieceParts) {
    if (token !== mint) throw new TypeError('Cannot make a VerifiedPiece, expected a verifier to do it');
    this.manifest = parts.manifest;
    this.index = parts.index;
    this.parts = parts.parts;
    this.leafHashes = parts.leafHashes;
  }

  get byteLength(): number {
    return this.parts.reduce((sum, part) => sum + part.length, 0);
  }
}

/** How far a piece has come. */
export interface AssemblyProgress {
  readonly verifiedLeaves: number;
  readonly leafCount: number;
  readonly isComplete: boolean;
}

/** How far it has come with a block. */
export interface AddedBlock extends AssemblyProgress {
  /** The block itself is part of the piece from now on, so that its memory must not change; otherwise nobody needs it. */
  readonly isKept: boolean;
}

/** Collects the leaves of one piece. */
export interface PieceAssembler {
  readonly index: number;
  readonly progress: AssemblyProgress;
  /** From here on another peer has to send; undefined once every leaf is verified. */
  readonly firstMissingLeaf: number | undefined;
  /** Which leaves are verified; all of them missing before `setLeafHashes`. */
  readonly verifiedLeaves: Pick<Bitfield, 'has' | 'count' | 'length' | 'isComplete' | 'indices' | 'missing'>;
  /** Whether the leaf hashes are known, so that `addBlock` may be called. */
  readonly hasLeafHashes: boolean;
  /**
   * Accepts the leaf hashes, again from each peer that sends a part. Fails with `bad_length`, or `hash_mismatch` unless they
   * hash to the piece's entry; what is here stays.
   */
  setLeafHashes(leafHashes: Uint8Array): void;
  /**
   * Checks and keeps whole leaves that start `offset` bytes into the piece; only the last leaf of the piece may be short.
   * Fails with `bad_length` for other cuts, and with `hash_mismatch` at the first bad `leaf`; those before it are kept. A
   * leaf that is here already is checked again and changes nothing, so that whoever sent it wrong is known all the same.
   * What is not hashed yet is hashed here. A block of which all is new and right is kept as it is; of any other the leaves
   * that are new are copied.
   */
  addBlock(offset: number, block: Uint8Array | HashedBlock): AddedBlock;
  /** The piece, with every leaf here. Fails with `incomplete` otherwise. */
  finish(): VerifiedPiece;
}

/** Starts a piece. Throws RangeError for one that does not exist. */
export function createPieceAssembler(manifest: Manifest, index: number): PieceAssembler {
  return new LeafwiseAssembler(manifest, index);
}

/** Checks a whole piece at once, keeping `bytes` itself. Fails with `bad_length` or `hash_mismatch`. */
export function verifyWholePiece(manifest: Manifest, index: number, bytes: Uint8Array): VerifiedPiece {
  const layout = createPieceLayout(manifest);
  checkLength(`piece ${index}`, bytes.length, layout.pieceSize(index));
  const leafHashes = hashLeaves(bytes);
  checkLeafHashes(manifest, layout, index, leafHashes);
  return new VerifiedPiece(mint, { manifest, index, parts: [bytes], leafHashes });
}

/** Whether the hashes are those of the piece's leaves: as many as it has, and hashing to its entry in the layer. */
export function areLeafHashesOf(
  manifest: Manifest,
  layout: PieceLayout,
  index: number,
  leafHashes: Uint8Array,
): boolean {
  if (leafHashes.length !== layout.leavesIn(index) * HASH_BYTES) return false;
  return timingSafeEqual(
    merkleRoot(leafHashes, { width: layout.pieceTreeWidth }),
    pieceHash(manifest, index),
  );
}

class LeafwiseAssembler implements PieceAssembler {
  readonly index: number;
  readonly verifiedLeaves: Bitfield;
  readonly #manifest: Manifest;
  readonly #layout: PieceLayout;
  readonly #size: number;
  #leafHashes: Uint8Array | undefined;
  /** By their first leaf; none overlaps another. */
  readonly #parts = new Map<number, Uint8Array>();

  constructor(manifest: Manifest, index: number) {
    this.#manifest = manifest;
    this.#layout = createPieceLayout(manifest);
    this.#size = this.#layout.pieceSize(index);
    this.index = index;
    this.verifiedLeaves = new Bitfield(this.#layout.leavesIn(index));
  }

  get hasLeafHashes(): boolean {
    return this.#leafHashes !== undefined;
  }

  get progress(): AssemblyProgress {
    const { count, length, isComplete } = this.verifiedLeaves;
    return { verifiedLeaves: count, leafCount: length, isComplete };
  }

  get firstMissingLeaf(): number | undefined {
    for (const leaf of this.verifiedLeaves.missing()) return leaf;
    return undefined;
  }

  setLeafHashes(leafHashes: Uint8Array): void {
    checkLength(
      `leaf hashes of piece ${this.index}`,
      leafHashes.length,
      this.verifiedLeaves.length * HASH_BYTES,
    );
    checkLeafHashes(this.#manifest, this.#layout, this.index, leafHashes);
    this.#leafHashes ??= leafHashes.slice();
  }

  addBlock(offset: number, block: Uint8Array | HashedBlock): AddedBlock {
    const leafHashes = this.#leafHashes;
    if (leafHashes === undefined) throw new TypeError('Cannot add a block before the leaf hashes are set');
    this.#checkCut(offset, block instanceof HashedBlock ? block.bytes.length : block.length);
    const { bytes, leafHashes: hashes } = block instanceof HashedBlock ? block : hashBlock(block);
    const first = offset / LEAF_BYTES;
    const from = first * HASH_BYTES;
    const areAllRight = timingSafeEqual(hashes, leafHashes.subarray(from, from + hashes.length));
    if (!areAllRight) this.#addUntilWrong(first, bytes, hashes, leafHashes);
    const isKept = this.#isNew(first, first + hashes.length / HASH_BYTES);
    if (isKept) this.#keep(first, bytes);
    else this.#copyNew(first, bytes);
    return { ...this.progress, isKept };
  }

  finish(): VerifiedPiece {
    const { index, verifiedLeaves } = this;
    if (!verifiedLeaves.isComplete || this.#leafHashes === undefined) {
      throw new StoreError(
        'incomplete',
        `Cannot finish piece ${index}: ${verifiedLeaves.count} leaves are here, expected ${verifiedLeaves.length}`,
        { piece: index },
      );
    }
    const inOrder = [...this.#parts].sort(([one], [other]) => one - other);
    const parts = inOrder.map(([, bytes]) => bytes);
    return new VerifiedPiece(mint, { manifest: this.#manifest, index, parts, leafHashes: this.#leafHashes });
  }

  /** Of a block that is not right in all: keeps what comes before the first wrong leaf, and fails with that. */
  #addUntilWrong(first: number, bytes: Uint8Array, hashes: Uint8Array, leafHashes: Uint8Array): void {
    for (let leaf = 0; leaf * HASH_BYTES < hashes.length; leaf += 1) {
      this.#checkLeaf(first + leaf, hashAt(hashes, leaf), hashAt(leafHashes, first + leaf));
      this.#copyNew(first + leaf, bytes.subarray(leaf * LEAF_BYTES, (leaf + 1) * LEAF_BYTES));
    }
  }

  #checkLeaf(leaf: number, current: Uint8Array, wanted: Uint8Array): void {
    if (timingSafeEqual(current, wanted)) return;
    const message = `Cannot accept leaf ${leaf} of piece ${this.index}: its hash is wrong`;
    throw new StoreError('hash_mismatch', message, { piece: this.index, leaf });
  }

  #isNew(first: number, end: number): boolean {
    for (let leaf = first; leaf < end; leaf += 1) if (this.verifiedLeaves.has(leaf)) return false;
    return true;
  }

  /** Of leaves whose hashes are right, those that are not here: a copy, or a few of them would hold on to a whole block. */
  #copyNew(first: number, bytes: Uint8Array): void {
    const end = first + Math.ceil(bytes.length / LEAF_BYTES);
    for (let leaf = first; leaf < end; leaf += 1) {
      const at = (leaf - first) * LEAF_BYTES;
      if (!this.verifiedLeaves.has(leaf)) this.#keep(leaf, bytes.slice(at, at + LEAF_BYTES));
    }
  }

  #keep(first: number, bytes: Uint8Array): void {
    this.#parts.set(first, bytes);
    const end = first + Math.ceil(bytes.length / LEAF_BYTES);
    for (let leaf = first; leaf < end; leaf += 1) this.verifiedLeaves.set(leaf);
  }

  #checkCut(offset: number, byteLength: number): void {
    const end = offset + byteLength;
    const isAligned = Number.isInteger(offset) && offset >= 0 && offset % LEAF_BYTES === 0;
    const endsWell = end <= this.#size && (end % LEAF_BYTES === 0 || end === this.#size);
    if (isAligned && endsWell && byteLength > 0) return;
    throw new StoreError(
      'bad_length',
      `Cannot add ${byteLength} bytes at ${offset} of piece ${this.index}, expected whole leaves of its ${this.#size} bytes`,
      { piece: this.index },
    );
  }
}

function hashAt(hashes: Uint8Array, place: number): Uint8Array {
  return hashes.subarray(place * HASH_BYTES, (place + 1) * HASH_BYTES);
}

function checkLeafHashes(
  manifest: Manifest,
  layout: PieceLayout,
  index: number,
  leafHashes: Uint8Array,
): void {
  if (areLeafHashesOf(manifest, layout, index, leafHashes)) return;
  throw new StoreError(
    'hash_mismatch',
    `Cannot accept piece ${index}: it does not hash to its entry in the piece layer`,
    {
      piece: index,
    },
  );
}

function checkLength(what: string, current: number, wanted: number): void {
  if (current === wanted) return;
  throw new StoreError('bad_length', `Cannot accept ${what} of ${current} bytes, expected ${wanted}`);
}
