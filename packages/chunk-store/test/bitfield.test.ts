import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Bitfield } from '../src/index.ts';
import { codeOf } from './error-code.ts';

describe('Bitfield', () => {
  it('is a set of numbers', () => {
    const changes = fc.array(fc.record({ isSet: fc.boolean(), share: fc.nat(1_000_000) }), { maxLength: 60 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), changes, (length, steps) => {
        const bitfield = new Bitfield(length);
        const model = new Set<number>();
        for (const { isSet, share } of steps) {
          const index = share % length;
          const changed = isSet ? !model.has(index) : model.has(index);
          if (isSet) model.add(index);
          else model.delete(index);
          expect(isSet ? bitfield.set(index) : bitfield.clear(index)).toBe(changed);
        }
        const all = Array.from({ length }, (_, index) => index);
        expect(bitfield.count).toBe(model.size);
        expect(bitfield.isComplete).toBe(model.size === length);
        expect([...bitfield.indices()]).toEqual(all.filter((index) => model.has(index)));
        expect([...bitfield.missing()]).toEqual(all.filter((index) => !model.has(index)));
        expect(all.filter((index) => bitfield.has(index))).toEqual([...bitfield.indices()]);
        expect(Bitfield.fromBytes(bitfield.toBytes(), length)).toEqual(bitfield);
        const copy = bitfield.clone();
        copy.set(0);
        copy.clear(0);
        expect(bitfield.has(0)).toBe(model.has(0));
      }),
    );
  });

  it('writes piece 0 as the highest bit', () => {
    const bitfield = new Bitfield(10);
    bitfield.set(0);
    bitfield.set(9);
    expect(bitfield.toBytes()).toEqual(Uint8Array.of(0x80, 0x40));
  });

  it('is full for every length', () => {
    for (let length = 0; length < 40; length += 1) {
      const full = Bitfield.full(length);
      expect(full.isComplete).toBe(true);
      expect([...full.indices()]).toHaveLength(length);
      expect(Bitfield.fromBytes(full.toBytes(), length).count).toBe(length);
    }
  });

  it('refuses bytes that no bitfield of that length has', () => {
    expect(codeOf(() => Bitfield.fromBytes(new Uint8Array(2), 8))).toBe('bad_bitfield');
    expect(codeOf(() => Bitfield.fromBytes(new Uint8Array(0), 1))).toBe('bad_bitfield');
    for (let bit = 0; bit < 5; bit += 1) {
      expect(codeOf(() => Bitfield.fromBytes(Uint8Array.of(0xff, 1 << bit), 11))).toBe('bad_bitfield');
    }
    expect(Bitfield.fromBytes(Uint8Array.of(0xff, 0xe0), 11).isComplete).toBe(true);
  });

  it('refuses indices and lengths that cannot be', () => {
    const bitfield = new Bitfield(8);
    for (const index of [-1, 8, 1.5, Number.NaN]) {
      expect(() => bitfield.has(index)).toThrow(RangeError);
      expect(() => bitfield.set(index)).toThrow(RangeError);
      expect(() => bitfield.clear(index)).toThrow(RangeError);
    }
    for (const length of [-1, 0.5, Number.NaN]) expect(() => new Bitfield(length)).toThrow(RangeError);
  });
});
