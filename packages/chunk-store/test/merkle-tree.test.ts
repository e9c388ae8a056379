import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createMerkleProof,
  HASH_BYTES,
  hashLeaf,
  hashLeaves,
  LEAF_BYTES,
  merkleRoot,
  paddingNode,
  verifyMerkleProof,
} from '../src/index.ts';
import { hex, patternBytes } from './bytes.ts';

const trees = fc
  .record({ count: fc.integer({ min: 0, max: 33 }), extraLevels: fc.nat(2), padding: hashArbitrary() })
  .chain(({ count, extraLevels, padding }) =>
    fc.record({
      nodes: fc.array(hashArbitrary(), { minLength: count, maxLength: count }),
      width: fc.constant(2 ** (Math.ceil(Math.log2(Math.max(1, count))) + extraLevels)),
      padding: fc.option(fc.constant(padding), { nil: undefined }),
    }),
  )
  .map(({ nodes, width, padding }) => ({
    nodes,
    hashes: join(nodes),
    shape: padding === undefined ? { width } : { width, padding },
  }));

describe('merkleRoot', () => {
  it('is the root of the whole tree, built the long way', () => {
    fc.assert(
      fc.property(trees, ({ nodes, hashes, shape }) => {
        expect(hex(merkleRoot(hashes, shape))).toBe(hex(simpleRoot(nodes, shape.width, shape.padding)));
      }),
    );
  });

  it('leaves its input as it was and gives a copy', () => {
    const hashes = patternBytes(4 * HASH_BYTES);
    const before = hashes.slice();
    merkleRoot(hashes, { width: 4 }).fill(0);
    merkleRoot(hashes.subarray(0, HASH_BYTES), { width: 1 }).fill(0);
    expect(hashes).toEqual(before);
  });

  it('refuses hashes that do not fit the shape', () => {
    for (const width of [0, 3, -4, 0.5, Number.NaN]) {
      expect(() => merkleRoot(new Uint8Array(0), { width })).toThrow(RangeError);
    }
    expect(() => merkleRoot(new Uint8Array(3 * HASH_BYTES), { width: 2 })).toThrow(RangeError);
    expect(() => merkleRoot(new Uint8Array(33), { width: 2 })).toThrow(RangeError);
  });
});

describe('paddingNode', () => {
  it('is the root of a tree of padding alone', () => {
    for (let height = 0; height < 9; height += 1) {
      expect(hex(paddingNode(height))).toBe(hex(merkleRoot(new Uint8Array(0), { width: 2 ** height })));
    }
  });
});

describe('hashLeaves', () => {
  it('hashes every leaf, the last one at its real length', () => {
    for (const size of [0, 1, LEAF_BYTES, LEAF_BYTES + 1, 3 * LEAF_BYTES - 1]) {
      const bytes = patternBytes(size);
      const wanted: Uint8Array[] = [];
      for (let start = 0; start < size; start += LEAF_BYTES)
        wanted.push(hashLeaf(bytes.slice(start, start + LEAF_BYTES)));
      expect(hex(hashLeaves(bytes))).toBe(hex(join(wanted)));
    }
  });
});

describe('verifyMerkleProof', () => {
  it('accepts every node of a tree at its place', () => {
    fc.assert(
      fc.property(trees, fc.nat(), ({ nodes, hashes, shape }, place) => {
        const { width, padding = new Uint8Array(HASH_BYTES) } = shape;
        const index = place % width;
        const claim = {
          root: merkleRoot(hashes, shape),
          hash: nodes[index] ?? padding,
          index,
          proof: createMerkleProof(hashes, index, shape),
          width,
        };
        expect(verifyMerkleProof(claim)).toBe(true);
      }),
    );
  });

  it('refuses every change of a single bit, and another place', () => {
    fc.assert(
      fc.property(trees, fc.nat(), fc.nat(), fc.nat(7), ({ hashes, shape }, place, at, bit) => {
        fc.pre(hashes.length > 0);
        const index = place % (hashes.length / HASH_BYTES);
        const hash = hashes.slice(index * HASH_BYTES, (index + 1) * HASH_BYTES);
        const { width } = shape;
        const claim = {
          root: merkleRoot(hashes, shape),
          hash,
          index,
          proof: createMerkleProof(hashes, index, shape),
          width,
        };
        for (const part of ['root', 'hash', 'proof'] as const) {
          if (claim[part].length > 0) {
            expect(verifyMerkleProof({ ...claim, [part]: flipBit(claim[part], at, bit) })).toBe(false);
          }
        }
        for (const wrong of [-1, width, 0.5, Number.NaN]) {
          expect(verifyMerkleProof({ ...claim, index: wrong })).toBe(false);
        }
        expect(verifyMerkleProof({ ...claim, hash: hash.subarray(1) })).toBe(false);
        expect(verifyMerkleProof({ ...claim, root: new Uint8Array(0) })).toBe(false);
        expect(verifyMerkleProof({ ...claim, proof: new Uint8Array(claim.proof.length + HASH_BYTES) })).toBe(
          false,
        );
        expect(verifyMerkleProof({ ...claim, width: width * 2 })).toBe(false);
      }),
    );
  });

  it('refuses a proof for a node outside', () => {
    for (const index of [-1, 2, 0.5]) {
      expect(() => createMerkleProof(new Uint8Array(64), index, { width: 2 })).toThrow(RangeError);
    }
  });
});

function hashArbitrary(): fc.Arbitrary<Uint8Array> {
  return fc.uint8Array({ minLength: HASH_BYTES, maxLength: HASH_BYTES });
}

function join(nodes: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(nodes.flatMap((node) => [...node]));
}

/** Every node of every level, padding included. */
function simpleRoot(
  nodes: readonly Uint8Array[],
  width: number,
  padding: Uint8Array = new Uint8Array(HASH_BYTES),
): Uint8Array {
  let level = Array.from({ length: width }, (_, place) => nodes[place] ?? padding);
  while (level.length > 1) {
    level = Array.from({ length: level.length / 2 }, (_, place) =>
      createHash('sha256')
        .update(level[2 * place] ?? padding)
        .update(level[2 * place + 1] ?? padding)
        .digest(),
    );
  }
  return level[0] ?? padding;
}

function flipBit(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  const flipped = bytes.slice();
  const place = at % flipped.length;
  flipped[place] = (flipped[place] ?? 0) ^ (1 << bit);
  return flipped;
}
