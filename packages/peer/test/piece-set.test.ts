import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { collectCommon, collectRange, hasCommon, PieceSet } from '../src/piece-set.ts';

const LENGTH = 150;
const indices = fc.uniqueArray(fc.nat({ max: LENGTH - 1 }));

function setOf(members: Iterable<number>): PieceSet {
  const set = new PieceSet(LENGTH);
  for (const index of members) set.add(index);
  return set;
}

function ascending(values: Iterable<number>): number[] {
  return [...values].sort((a, b) => a - b);
}

describe('PieceSet', () => {
  it('behaves as a Set does', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat({ max: LENGTH - 1 }))), (changes) => {
        const set = new PieceSet(LENGTH);
        const model = new Set<number>();
        for (const [isAdded, index] of changes) {
          const changed = model.has(index) !== isAdded;
          expect(isAdded ? set.add(index) : set.delete(index)).toBe(changed);
          if (isAdded) model.add(index);
          else model.delete(index);
          expect(set.has(index)).toBe(isAdded);
        }
        expect(set.size).toBe(model.size);
        expect(set.indices()).toEqual(ascending(model));
      }),
    );
  });
});

describe('collectCommon', () => {
  it('finds the members of both sets, each once, from any word on', () => {
    fc.assert(
      fc.property(indices, indices, fc.nat({ max: 4 }), fc.nat({ max: LENGTH }), (a, b, fromWord, limit) => {
        const common = a.filter((index) => b.includes(index));
        const found = collectCommon(setOf(a), setOf(b), { fromWord, limit });
        expect(found.length).toBe(Math.min(limit, common.length));
        expect(new Set(found).size).toBe(found.length);
        for (const index of found) expect(common).toContain(index);
        expect(hasCommon(setOf(a), setOf(b))).toBe(common.length > 0);
      }),
    );
  });
});

describe('collectRange', () => {
  it('finds the first common members of a range in ascending order', () => {
    const range = fc.tuple(fc.nat({ max: LENGTH }), fc.nat({ max: LENGTH + 40 }));
    fc.assert(
      fc.property(indices, indices, range, fc.nat({ max: 20 }), (a, b, [first, last], limit) => {
        const common = a.filter((index) => b.includes(index) && index >= first && index <= last);
        const found = collectRange(setOf(a), setOf(b), { first, last, limit });
        expect(found).toEqual(ascending(common).slice(0, limit));
      }),
    );
  });
});
