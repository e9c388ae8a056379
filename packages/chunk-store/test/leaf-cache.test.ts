import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LeafCache } from '../src/leaf-cache.ts';

const MOST_BYTES = 256;

describe('LeafCache', () => {
  it('keeps what was used last, as much as there is room for', () => {
    const use = fc.record({
      index: fc.nat(12),
      leaves: fc.integer({ min: 1, max: 4 }),
      isRead: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 60 }), (uses) => {
        const cache = new LeafCache(MOST_BYTES);
        let model: (readonly [number, Uint8Array])[] = [];
        for (const { index, leaves, isRead } of uses) {
          const known = model.find(([other]) => other === index);
          if (isRead) expect(cache.get(index)).toBe(known?.[1]);
          const used = isRead ? known : ([index, new Uint8Array(32 * leaves)] as const);
          if (used === undefined) continue;
          if (!isRead) cache.set(...used);
          model = [...model.filter(([other]) => other !== index), used];
          while (model.reduce((bytes, [, hashes]) => bytes + hashes.length, 0) > MOST_BYTES) model.shift();
        }
        // The oldest first, which keeps their order.
        for (const [index, hashes] of model) expect(cache.get(index)).toBe(hashes);
        for (let index = 0; index <= 12; index += 1)
          expect(cache.get(index) !== undefined).toBe(model.some(([other]) => other === index));
      }),
    );
  });

  it('keeps nothing that is longer than all there is room for', () => {
    const cache = new LeafCache(MOST_BYTES);
    cache.set(1, new Uint8Array(MOST_BYTES + 32));
    expect(cache.get(1)).toBeUndefined();
    cache.set(2, new Uint8Array(MOST_BYTES));
    expect(cache.get(2)).toHaveLength(MOST_BYTES);
  });
});
