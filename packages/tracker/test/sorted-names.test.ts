import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { insertName, namesAfter, removeName } from '../src/sorted-names.ts';

describe('sorted names', () => {
  it('hold what was put in and not taken out, in order, page by page', async () => {
    const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 });
    const change = fc.record({ name, insert: fc.boolean() });
    await fc.assert(
      fc.property(fc.array(change), fc.string(), fc.integer({ min: 1, max: 5 }), (changes, after, max) => {
        const names: string[] = [];
        const model = new Set<string>();
        for (const step of changes) {
          (step.insert ? insertName : removeName)(names, step.name);
          if (step.insert) model.add(step.name);
          else model.delete(step.name);
        }
        const sorted = [...model].sort();
        expect(names).toEqual(sorted);
        expect(namesAfter(names, after, max)).toEqual(sorted.filter((one) => one > after).slice(0, max));
        const pages: string[] = [];
        for (
          let page = namesAfter(names, '', max);
          page.length > 0;
          page = namesAfter(names, page.at(-1) ?? '', max)
        ) {
          pages.push(...page);
        }
        expect(pages).toEqual(sorted);
      }),
    );
  });
});
