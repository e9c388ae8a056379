import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteSlab, MAX_RUN_BYTES } from '../../src/presence/byte-slab.ts';

/** Keeps so many bytes, or gives back those at this place of what is kept. */
const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ keep: fc.oneof(fc.nat(80), fc.nat(MAX_RUN_BYTES)) }) },
  { weight: 2, arbitrary: fc.record({ giveAt: fc.nat() }) },
);

describe('ByteSlab', () => {
  it('keeps each run as it was, whatever comes and goes', async () => {
    await fc.assert(
      fc.property(fc.array(step, { maxLength: 60, size: 'max' }), (steps) => {
        const slab = new ByteSlab();
        const model: { readonly place: number; readonly bytes: Uint8Array }[] = [];
        for (const [number, one] of steps.entries()) {
          if ('keep' in one) {
            const bytes = new Uint8Array(one.keep).fill(number + 1);
            model.push({ place: slab.keep(bytes), bytes });
          } else {
            const [run] = model.splice(one.giveAt % Math.max(1, model.length), 1);
            if (run !== undefined) slab.give(run.place, run.bytes.length);
          }
        }
        for (const { place, bytes } of model) {
          const start = slab.start(place);
          const kept = slab.page(place).subarray(start, start + bytes.length);
          expect(Buffer.compare(kept, bytes)).toBe(0);
        }
      }),
    );
  });

  it('uses again what was given back', () => {
    const slab = new ByteSlab();
    for (let round = 0; round < 10_000; round += 1) slab.give(slab.keep(new Uint8Array(61)), 61);
    expect(slab.reservedBytes).toBe(MAX_RUN_BYTES);
  });

  it('refuses a run that no page holds', () => {
    expect(() => new ByteSlab().keep(new Uint8Array(MAX_RUN_BYTES + 1))).toThrow(RangeError);
  });
});
