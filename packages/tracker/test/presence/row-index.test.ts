import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowIndex } from '../../src/presence/row-index.ts';
import { NO_ROW, Rows } from '../../src/presence/rows.ts';

const CHAIN = 0;
const HASH = 1;

/** Adds a row with this hash, or removes the one at this place of those that are there. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ add: fc.oneof(fc.nat(7), fc.integer()) }) },
  { weight: 2, arbitrary: fc.record({ removeAt: fc.nat() }) },
);

describe('RowIndex', () => {
  it('finds what a list of all rows has, however their hashes meet', async () => {
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 300, size: 'max' }), (steps) => {
        const rows = new Rows(2);
        const index = new RowIndex({ rows, from: CHAIN, hashOf: (row) => rows.get(row, HASH) });
        const model = new Map<number, number>();
        for (const one of steps) {
          if ('add' in one) {
            const row = rows.take();
            rows.set(row, HASH, one.add);
            index.add(row);
            model.set(row, one.add);
          } else {
            const row = [...model.keys()][one.removeAt % Math.max(1, model.size)];
            if (row === undefined) continue;
            index.remove(row);
            rows.give(row);
            model.delete(row);
          }
        }
        expect(rows.count).toBe(model.size);
        for (const hash of new Set([...model.values(), 5])) {
          const wanted = [...model].filter(([, other]) => other === hash).map(([row]) => row);
          expect(
            found(index, hash)
              .filter((row) => rows.get(row, HASH) === hash)
              .sort(),
          ).toEqual(wanted.sort());
        }
      }),
    );
  });

  it('keeps chains short as it grows', () => {
    const rows = new Rows(2);
    const index = new RowIndex({ rows, from: CHAIN, hashOf: (row) => Math.imul(row, 0x9e37_79b1) >>> 7 });
    for (let count = 0; count < 5_000; count += 1) index.add(rows.take());
    const lengths = Array.from({ length: 5_000 }, (_, at) => found(index, Math.imul(at, 0x85eb_ca6b)).length);
    expect(Math.max(...lengths)).toBeLessThan(16);
  });

  it('refuses to take out what is not there', () => {
    const rows = new Rows(2);
    const index = new RowIndex({ rows, from: CHAIN, hashOf: () => 0 });
    const [inside, outside] = [rows.take(), rows.take()];
    index.add(inside);
    expect(() => index.remove(outside)).toThrow(RangeError);
  });
});

function found(index: RowIndex, hash: number): number[] {
  const all: number[] = [];
  for (let row = index.first(hash); row !== NO_ROW; row = index.after(row)) all.push(row);
  return all;
}
