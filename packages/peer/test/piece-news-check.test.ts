import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PieceInfoItem } from '../src/contract.ts';
import { PieceNewsCheck } from '../src/piece-news-check.ts';

const all: PieceInfoItem = { kind: 'all', pieces: 0, bitfield: new Uint8Array(1) };
const have = (...indices: number[]): PieceInfoItem => ({ kind: 'have', indices });

function taking(pieceCount: number, items: readonly PieceInfoItem[]): () => void {
  const check = new PieceNewsCheck(pieceCount);
  return () => {
    for (const item of items) check.take(item);
  };
}

describe('PieceNewsCheck', () => {
  it('takes everything first, and then each piece as it comes, in any order and groups', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat({ max: 63 })), fc.integer({ min: 1, max: 9 }), (order, group) => {
        const items: PieceInfoItem[] = [all];
        for (let at = 0; at < order.length; at += group) items.push(have(...order.slice(at, at + group)));
        expect(taking(64, items)).not.toThrow();
      }),
    );
  });

  it.each<[string, readonly PieceInfoItem[]]>([
    ['news before everything', [have(1)]],
    ['everything twice', [all, all]],
    ['no news', [all, have()]],
    ['a piece that is not there', [all, have(7, 8)]],
  ])('refuses %s', (_, items) => {
    expect(taking(8, items)).toThrow(expect.objectContaining({ code: 'bad_response' }));
  });

  it('takes a piece again that was lost and came back, and ends what would never end', () => {
    const often = (times: number): PieceInfoItem[] => [all, ...Array.from({ length: times }, () => have(3))];
    expect(taking(8, often(32))).not.toThrow();
    expect(taking(8, often(33))).toThrow('more than 4 times of 8 pieces');
  });
});
