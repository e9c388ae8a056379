import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CallMap } from '../src/call-map.ts';
import { assertProperty } from './support/assert-property.ts';

describe('CallMap', () => {
  /** Ids that share slots at any number of slots, ids beside each other, and ids of more than 32 bits. */
  const ids = fc.oneof(
    fc.integer({ min: 1, max: 200 }),
    fc.integer({ min: 1, max: 8 }).map((number) => number * 64),
    fc.integer({ min: 0, max: 70 }).map((number) => 2 ** 53 - 1 - number),
  );
  const steps = fc.array(fc.tuple(fc.constantFrom('add', 'add', 'add', 'delete', 'clear'), ids), {
    maxLength: 300,
    size: 'max',
  });

  test('holds what a map would', () => {
    assertProperty(
      fc.property(steps, (taken) => {
        const calls = new CallMap<{ readonly id: number }>();
        const model = new Map<number, { readonly id: number }>();
        for (const [step, id] of taken) {
          if (step === 'delete') expect(calls.delete(id)).toBe(model.delete(id));
          else if (step === 'clear' && id < 10) {
            calls.clear();
            model.clear();
          } else if (!model.has(id)) {
            const value = { id };
            calls.add(id, value);
            model.set(id, value);
          }
          expect(calls.size).toBe(model.size);
          expect(calls.get(id)).toBe(model.get(id));
        }
        expect(new Set(calls.values())).toStrictEqual(new Set(model.values()));
        expect(calls.values()).toHaveLength(model.size);
        for (const [id, value] of model) expect(calls.get(id)).toBe(value);
      }),
    );
  });
});
