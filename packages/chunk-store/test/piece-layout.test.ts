import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  choosePieceLength,
  createPieceLayout,
  LEAF_BYTES,
  MAX_PIECE_COUNT,
  MAX_PIECE_LENGTH,
  MIN_PIECE_LENGTH,
} from '../src/index.ts';
import { codeOf } from './error-code.ts';

const GIB = 1_073_741_824;
const pieceLengths = fc.integer({ min: 16, max: 22 }).map((exponent) => 2 ** exponent);
const layouts = pieceLengths.chain((pieceLength) =>
  fc.record({
    pieceLength: fc.constant(pieceLength),
    size: fc.oneof(
      fc.integer({ min: 0, max: 50 * pieceLength }),
      fc
        .integer({ min: 4 * GIB - 5, max: Math.max(4 * GIB, pieceLength * MAX_PIECE_COUNT) })
        .filter((size) => size <= pieceLength * MAX_PIECE_COUNT),
    ),
  }),
);

describe('createPieceLayout', () => {
  it('covers every byte once, in pieces and leaves of the right size', () => {
    fc.assert(
      fc.property(layouts, fc.double({ min: 0, max: 1, noNaN: true }), (file, share) => {
        const layout = createPieceLayout(file);
        expect(layout.pieceCount).toBe(Math.ceil(file.size / file.pieceLength));
        if (layout.pieceCount === 0) return;
        const index = Math.floor(share * (layout.pieceCount - 1));
        const isLast = index === layout.pieceCount - 1;
        const end = layout.pieceOffset(index) + layout.pieceSize(index);
        expect(end).toBe(isLast ? file.size : layout.pieceOffset(index + 1));
        expect(layout.firstLeaf(index) * LEAF_BYTES).toBe(layout.pieceOffset(index));
        let leafBytes = 0;
        for (let leaf = 0; leaf < layout.leavesIn(index); leaf += 1)
          leafBytes += layout.leafSize(index, leaf);
        expect(leafBytes).toBe(layout.pieceSize(index));
        const lastIndex = layout.pieceCount - 1;
        expect(layout.firstLeaf(lastIndex) + layout.leavesIn(lastIndex)).toBe(layout.leafCount);
        expect(layout.pieceOffset(lastIndex) + layout.pieceSize(lastIndex)).toBe(file.size);
      }),
    );
  });

  it('makes the tree of a single piece only as high as the file needs', () => {
    const widthOf = (size: number): number =>
      createPieceLayout({ size, pieceLength: MAX_PIECE_LENGTH }).pieceTreeWidth;
    expect(widthOf(1)).toBe(1);
    expect(widthOf(LEAF_BYTES + 1)).toBe(2);
    expect(widthOf(3 * LEAF_BYTES)).toBe(4);
    expect(widthOf(MAX_PIECE_LENGTH)).toBe(256);
    expect(widthOf(MAX_PIECE_LENGTH + 1)).toBe(256);
  });

  it('gives an empty file no piece', () => {
    const layout = createPieceLayout({ size: 0, pieceLength: MIN_PIECE_LENGTH });
    expect([layout.pieceCount, layout.leafCount]).toEqual([0, 0]);
    expect(() => layout.pieceSize(0)).toThrow(RangeError);
  });

  it('refuses pieces and leaves that do not exist', () => {
    const layout = createPieceLayout({ size: MIN_PIECE_LENGTH + 1, pieceLength: MIN_PIECE_LENGTH });
    for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => layout.pieceOffset(index)).toThrow(RangeError);
    expect(() => layout.leafSize(1, 1)).toThrow(RangeError);
    expect(layout.leafSize(1, 0)).toBe(1);
  });

  it('refuses what is beyond the limits', () => {
    const refusal = (size: number, pieceLength: number) =>
      codeOf(() => createPieceLayout({ size, pieceLength }));
    for (const size of [-1, 0.5, Number.NaN, 2 ** 60])
      expect(refusal(size, MIN_PIECE_LENGTH)).toBe('bad_layout');
    for (const pieceLength of [0, 1, 32_768, 65_537, 98_304, 8_388_608, Number.NaN]) {
      expect(refusal(1, pieceLength)).toBe('bad_layout');
    }
    expect(refusal(MIN_PIECE_LENGTH * MAX_PIECE_COUNT, MIN_PIECE_LENGTH)).toBe('nothing thrown');
    expect(refusal(MIN_PIECE_LENGTH * MAX_PIECE_COUNT + 1, MIN_PIECE_LENGTH)).toBe('bad_layout');
  });
});

describe('choosePieceLength', () => {
  it('is the largest power of two that still gives 400 pieces, within the limits', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: 8 * GIB }), fc.integer({ min: 0, max: 1024 * GIB })),
        (size) => {
          const pieceLength = choosePieceLength(size);
          const layout = createPieceLayout({ size, pieceLength });
          if (pieceLength > MIN_PIECE_LENGTH) expect(layout.pieceCount).toBeGreaterThanOrEqual(400);
          if (pieceLength < MAX_PIECE_LENGTH) expect(Math.ceil(size / (2 * pieceLength))).toBeLessThan(400);
        },
      ),
    );
    expect(choosePieceLength(0)).toBe(MIN_PIECE_LENGTH);
    expect(choosePieceLength(GIB)).toBe(2_097_152);
    expect(choosePieceLength(1024 * GIB)).toBe(MAX_PIECE_LENGTH);
  });
});
