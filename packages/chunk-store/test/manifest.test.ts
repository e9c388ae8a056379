import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choosePieceLength,
  createManifest,
  createPieceLayout,
  type FileDescriptor,
  HASH_BYTES,
  hashLeaves,
  type Manifest,
  MIN_PIECE_LENGTH,
  merkleRoot,
  verifyPieceLayer,
} from '../src/index.ts';
import { nextPowerOfTwo } from '../src/piece-layout.ts';
import golden from './bep52-roots.json' with { type: 'json' };
import { hex, patternBytes } from './bytes.ts';
import { codeOf } from './error-code.ts';

const sizes = fc.integer({ min: 0, max: 5 * MIN_PIECE_LENGTH });
const pieceLengths = fc.constantFrom(65_536, 131_072, 262_144);

describe('createManifest', () => {
  it.each(golden.vectors)('gives the BEP 52 root of $size bytes', ({ size, piecesRoot }) => {
    for (const pieceLength of [65_536, 131_072, 262_144, 4_194_304]) {
      const manifest = createManifest({ name: 'pattern', bytes: patternBytes(size), pieceLength });
      expect(hex(manifest.root)).toBe(piecesRoot);
    }
  });

  it('gives an empty file a root of zeros and no pieces', () => {
    const manifest = createManifest({ name: 'empty', bytes: new Uint8Array() });
    expect(hex(manifest.root)).toBe('00'.repeat(HASH_BYTES));
    expect(manifest.pieceLayer).toHaveLength(0);
  });

  it('gives the root that the tree over all leaves has', () => {
    fc.assert(
      fc.property(sizes, pieceLengths, (size, pieceLength) => {
        const bytes = patternBytes(size);
        const manifest = createManifest({ name: 'file', bytes, pieceLength });
        const { leafCount } = createPieceLayout(manifest);
        const width = nextPowerOfTwo(leafCount);
        expect(hex(manifest.root)).toBe(hex(merkleRoot(hashLeaves(bytes), { width })));
      }),
      { numRuns: 60 },
    );
  });

  it('chooses the piece length by the size', () => {
    expect(createManifest({ name: 'small', bytes: new Uint8Array(10) }).pieceLength).toBe(
      choosePieceLength(10),
    );
  });
});

describe('verifyPieceLayer', () => {
  it('accepts what createManifest made and refuses any flipped bit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 * MIN_PIECE_LENGTH }),
        fc.nat(),
        fc.nat(7),
        (size, place, bit) => {
          const made = createManifest({
            name: 'file',
            bytes: patternBytes(size),
            pieceLength: MIN_PIECE_LENGTH,
          });
          expect(verifyPieceLayer(made, made.pieceLayer)).toEqual(made);
          const layer = made.pieceLayer.slice();
          const at = place % layer.length;
          layer[at] = (layer[at] ?? 0) ^ (1 << bit);
          expect(codeOf(() => verifyPieceLayer(made, layer))).toBe('hash_mismatch');
        },
      ),
      { numRuns: 60 },
    );
  });

  it('refuses layers, roots, names and sizes that cannot be', () => {
    const made = createManifest({ name: 'file', bytes: patternBytes(100_000) });
    const refusal = (change: Partial<FileDescriptor>, layer: Uint8Array = made.pieceLayer) =>
      codeOf(() => verifyPieceLayer({ ...made, ...change }, layer));
    expect(refusal({}, new Uint8Array(0))).toBe('bad_length');
    expect(refusal({}, new Uint8Array(96))).toBe('bad_length');
    expect(refusal({ root: new Uint8Array(31) })).toBe('bad_length');
    expect(refusal({ name: '../file' })).toBe('bad_name');
    expect(refusal({ size: -1 })).toBe('bad_layout');
    expect(refusal({ size: made.size + 65_536 })).toBe('bad_length');
    expect(refusal({ pieceLength: 65_537 })).toBe('bad_layout');
    expect(refusal({ root: new Uint8Array(HASH_BYTES) })).toBe('bad_layout');
    expect(refusal({ size: 0 }, new Uint8Array(0))).toBe('bad_layout');
  });

  it('detects every single flipped bit of layer and root', () => {
    const made = createManifest({
      name: 'file',
      bytes: patternBytes(3 * MIN_PIECE_LENGTH),
      pieceLength: MIN_PIECE_LENGTH,
    });
    const both = Uint8Array.of(...made.pieceLayer, ...made.root);
    const undetected: number[] = [];
    for (let bit = 0; bit < both.length * 8; bit += 1) {
      const flipped = both.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const [layer, root] = [flipped.slice(0, -HASH_BYTES), flipped.slice(-HASH_BYTES)];
      if (codeOf(() => verifyPieceLayer({ ...made, root }, layer)) !== 'hash_mismatch') undetected.push(bit);
    }
    expect(undetected).toEqual([]);
  });

  it('is the only way to a manifest from outside', () => {
    const { name, size, pieceLength, root, pieceLayer } = createManifest({
      name: 'file',
      bytes: patternBytes(10),
    });
    // @ts-expect-error A manifest that nobody checked.
    const forged: Manifest = { name, size, pieceLength, root, pieceLayer };
    expect(Object.isFrozen(verifyPieceLayer(forged, pieceLayer))).toBe(true);
  });

  it('keeps its own copy of what it checked', () => {
    const made = createManifest({ name: 'file', bytes: patternBytes(100_000) });
    const layer = made.pieceLayer.slice();
    const manifest = verifyPieceLayer(made, layer);
    layer.fill(0);
    expect(manifest.pieceLayer).toEqual(made.pieceLayer);
  });
});
