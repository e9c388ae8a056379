import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createManifest,
  createPieceAssembler,
  LEAF_BYTES,
  type PieceAssembler,
  StoreError,
  verifyWholePiece,
} from '../src/index.ts';
import { VerifiedPiece } from '../src/piece-assembler.ts';
import { isSameBytes, patternBytes } from './bytes.ts';
import { codeOf } from './error-code.ts';

const PIECE_LENGTH = 131_072;
const BYTES = patternBytes(2 * PIECE_LENGTH + 3 * LEAF_BYTES + 100);
const MANIFEST = createManifest({ name: 'file', bytes: BYTES, pieceLength: PIECE_LENGTH });
const cuts = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 8 });

describe('createPieceAssembler', () => {
  it('gives the piece, whatever the blocks and their order', () => {
    fc.assert(
      fc.property(fc.nat(2), cuts, fc.infiniteStream(fc.nat()), (index, sizes, order) => {
        const bytes = pieceBytes(index);
        const assembler = createPieceAssembler(MANIFEST, index);
        assembler.setLeafHashes(leafHashesOf(index));
        for (const { offset, block } of shuffled(cut(bytes, sizes), order)) {
          assembler.addBlock(offset, block);
          // Twice the same block changes nothing.
          assembler.addBlock(offset, block);
        }
        const piece = assembler.finish();
        expect(isSameBytes(bytesOf(piece), bytes)).toBe(true);
        expect(isSameBytes(piece.leafHashes, leafHashesOf(index))).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('catches any flipped bit at its leaf, keeps the leaves before it, and takes the rest from another', () => {
    fc.assert(
      fc.property(fc.nat(2), fc.nat(), fc.nat(7), (index, at, bit) => {
        const bytes = pieceBytes(index);
        const bad = bytes.slice();
        const place = at % bad.length;
        bad[place] = (bad[place] ?? 0) ^ (1 << bit);
        const leaf = Math.floor(place / LEAF_BYTES);
        const assembler = createPieceAssembler(MANIFEST, index);
        assembler.setLeafHashes(leafHashesOf(index));
        const error = errorOf(() => assembler.addBlock(0, bad));
        expect(error).toMatchObject({ code: 'hash_mismatch', piece: index, leaf });
        expect([...assembler.verifiedLeaves.indices()]).toEqual(
          Array.from({ length: leaf }, (_, before) => before),
        );
        expect(assembler.addBlock(leaf * LEAF_BYTES, bytes.slice(leaf * LEAF_BYTES)).isComplete).toBe(true);
        expect(isSameBytes(bytesOf(assembler.finish()), bytes)).toBe(true);
      }),
      { numRuns: 50 },
    );
  });

  it('takes each right leaf once and blames each wrong one on its sender, however a piece is split among them', () => {
    fc.assert(
      fc.property(fc.nat(2), contributions, (index, given) => {
        const bytes = pieceBytes(index);
        const leafCount = Math.ceil(bytes.length / LEAF_BYTES);
        const assembler = createPieceAssembler(MANIFEST, index);
        const here = new Set<number>();
        const accepted: number[] = [];
        const honest = { sender: -1, first: 0, count: leafCount, wrong: undefined };
        for (const { sender, first, count, wrong } of [...given, honest]) {
          const leaves = range(first % leafCount, count).filter((leaf) => leaf < leafCount);
          const bad = wrong === undefined ? undefined : leaves[wrong % leaves.length];
          assembler.setLeafHashes(leafHashesOf(index));
          const before = assembler.progress.verifiedLeaves;
          const blamed = blameFor(() => send(assembler, bytes, leaves, bad), sender);
          expect(blamed).toEqual(bad === undefined ? undefined : { sender, piece: index, leaf: bad });
          for (const leaf of leaves) if (bad === undefined || leaf < bad) here.add(leaf);
          accepted.push(assembler.progress.verifiedLeaves - before);
          expect(new Set(assembler.verifiedLeaves.indices())).toEqual(here);
          expect(assembler.firstMissingLeaf).toBe(range(0, leafCount).find((leaf) => !here.has(leaf)));
        }
        expect(accepted.reduce((sum, each) => sum + each, 0)).toBe(leafCount);
        expect(isSameBytes(bytesOf(assembler.finish()), bytes)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });

  it('keeps what is here when another sends leaf hashes that are none', () => {
    const assembler = createPieceAssembler(MANIFEST, 0);
    assembler.setLeafHashes(leafHashesOf(0));
    assembler.addBlock(0, pieceBytes(0).subarray(0, 3 * LEAF_BYTES));
    expect(codeOf(() => assembler.setLeafHashes(leafHashesOf(1)))).toBe('hash_mismatch');
    expect(assembler.firstMissingLeaf).toBe(3);
    const rest = pieceBytes(0).subarray(3 * LEAF_BYTES);
    expect(assembler.addBlock(3 * LEAF_BYTES, rest).isComplete).toBe(true);
    expect(assembler.firstMissingLeaf).toBeUndefined();
  });

  it('refuses leaf hashes that do not hash to the entry', () => {
    const assembler = createPieceAssembler(MANIFEST, 0);
    const hashes = leafHashesOf(0);
    expect(codeOf(() => assembler.setLeafHashes(hashes.slice(1)))).toBe('bad_length');
    expect(codeOf(() => assembler.setLeafHashes(leafHashesOf(1)))).toBe('hash_mismatch');
    expect(() => assembler.addBlock(0, pieceBytes(0))).toThrow(TypeError);
    expect(assembler.hasLeafHashes).toBe(false);
    assembler.setLeafHashes(hashes);
    hashes.fill(0);
    expect(codeOf(() => assembler.addBlock(0, pieceBytes(1)))).toBe('hash_mismatch');
    expect(assembler.addBlock(0, pieceBytes(0)).isComplete).toBe(true);
  });

  it('keeps a block itself where all of it is new, and copies what is new of any other', () => {
    const assembler = createPieceAssembler(MANIFEST, 0);
    assembler.setLeafHashes(leafHashesOf(0));
    const bytes = pieceBytes(0);
    const [middle, around, rest] = [
      bytes.slice(2 * LEAF_BYTES, 4 * LEAF_BYTES),
      bytes.slice(LEAF_BYTES, 5 * LEAF_BYTES),
      bytes.slice(),
    ];
    expect(assembler.addBlock(2 * LEAF_BYTES, middle).isKept).toBe(true);
    expect(assembler.addBlock(2 * LEAF_BYTES, middle).isKept).toBe(false);
    expect(assembler.addBlock(LEAF_BYTES, around).isKept).toBe(false);
    expect(assembler.addBlock(0, rest)).toEqual({
      ...{ verifiedLeaves: 8, leafCount: 8, isComplete: true },
      isKept: false,
    });
    for (const block of [around, rest]) block.fill(0);
    const piece = assembler.finish();
    expect(piece.byteLength).toBe(PIECE_LENGTH);
    expect(isSameBytes(bytesOf(piece), bytes)).toBe(true);
    expect(piece.parts.some((part) => part.buffer === middle.buffer)).toBe(true);
  });

  it('refuses blocks that are not whole leaves of the piece', () => {
    const assembler = createPieceAssembler(MANIFEST, 2);
    assembler.setLeafHashes(leafHashesOf(2));
    const size = pieceBytes(2).length;
    for (const [offset, length] of [
      [1, LEAF_BYTES],
      [-LEAF_BYTES, LEAF_BYTES],
      [0.5, LEAF_BYTES],
      [0, LEAF_BYTES - 1],
      [0, 0],
      [3 * LEAF_BYTES, 101],
      [3 * LEAF_BYTES, 99],
      [0, size + 1],
      [4 * LEAF_BYTES, LEAF_BYTES],
    ] as const) {
      expect(codeOf(() => assembler.addBlock(offset, new Uint8Array(length)))).toBe('bad_length');
    }
    expect(assembler.progress).toEqual({ verifiedLeaves: 0, leafCount: 4, isComplete: false });
  });

  it('finishes only when every leaf is here', () => {
    const assembler = createPieceAssembler(MANIFEST, 0);
    expect(codeOf(() => assembler.finish())).toBe('incomplete');
    assembler.setLeafHashes(leafHashesOf(0));
    assembler.addBlock(LEAF_BYTES, pieceBytes(0).slice(LEAF_BYTES));
    expect(codeOf(() => assembler.finish())).toBe('incomplete');
    expect([...assembler.verifiedLeaves.missing()]).toEqual([0]);
  });

  it('refuses a piece that does not exist', () => {
    expect(() => createPieceAssembler(MANIFEST, 3)).toThrow(RangeError);
  });
});

describe('verifyWholePiece', () => {
  it('detects every single flipped bit of a piece', () => {
    const bytes = patternBytes(1_000);
    const manifest = createManifest({ name: 'small', bytes });
    const undetected: number[] = [];
    for (let bit = 0; bit < bytes.length * 8; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      if (codeOf(() => verifyWholePiece(manifest, 0, flipped)) !== 'hash_mismatch') undetected.push(bit);
    }
    expect(undetected).toEqual([]);
  });

  it('refuses wrong bytes and wrong lengths', () => {
    expect(codeOf(() => verifyWholePiece(MANIFEST, 0, pieceBytes(1)))).toBe('hash_mismatch');
    expect(codeOf(() => verifyWholePiece(MANIFEST, 0, pieceBytes(2)))).toBe('bad_length');
    expect(() => verifyWholePiece(MANIFEST, -1, pieceBytes(0))).toThrow(RangeError);
  });
});

describe('VerifiedPiece', () => {
  it('cannot be made by anybody else', () => {
    const { manifest, index, parts, leafHashes } = verifyWholePiece(MANIFEST, 0, pieceBytes(0));
    const made = { manifest, index, parts, leafHashes };
    expect(() => new VerifiedPiece(Symbol('mint'), made)).toThrow(TypeError);
  });
});

function bytesOf({ parts }: VerifiedPiece): Uint8Array {
  return Buffer.concat(parts);
}

function pieceBytes(index: number): Uint8Array {
  return BYTES.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

function leafHashesOf(index: number): Uint8Array {
  return verifyWholePiece(MANIFEST, index, pieceBytes(index)).leafHashes;
}

/** Who sends which leaves in one block, and which of them is wrong. */
const contributions = fc.array(
  fc.record({
    sender: fc.nat(5),
    first: fc.nat(),
    count: fc.integer({ min: 1, max: 8 }),
    wrong: fc.option(fc.nat(), { nil: undefined }),
  }),
  { maxLength: 12 },
);

function range(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, place) => first + place);
}

function send(
  assembler: PieceAssembler,
  bytes: Uint8Array,
  leaves: readonly number[],
  bad: number | undefined,
): void {
  const offset = (leaves[0] ?? 0) * LEAF_BYTES;
  const block = bytes.slice(offset, offset + leaves.length * LEAF_BYTES);
  if (bad !== undefined) {
    const place = bad * LEAF_BYTES - offset;
    block[place] = (block[place] ?? 0) ^ 1;
  }
  assembler.addBlock(offset, block);
}

function blameFor(action: () => void, sender: number) {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof StoreError) || error.code !== 'hash_mismatch') throw error;
    return { sender, piece: error.piece, leaf: error.leaf };
  }
}

interface Block {
  readonly offset: number;
  readonly block: Uint8Array;
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Block[] {
  const blocks: Block[] = [];
  for (let offset = 0, turn = 0; offset < bytes.length; turn += 1) {
    const length = (sizes[turn % sizes.length] ?? 1) * LEAF_BYTES;
    blocks.push({ offset, block: bytes.subarray(offset, offset + length) });
    offset += length;
  }
  return blocks;
}

function shuffled<T>(items: readonly T[], order: Iterator<number>): T[] {
  return items
    .map((item) => ({ item, rank: Number(order.next().value) }))
    .sort((left, right) => left.rank - right.rank)
    .map(({ item }) => item);
}

function errorOf(action: () => unknown): StoreError {
  try {
    action();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error('nothing thrown');
}
