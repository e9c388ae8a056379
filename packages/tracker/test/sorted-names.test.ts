import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SortedNames } from '../src/sorted-names.ts';

const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 4 });
const step = fc.oneof(
  fc.record({ kind: fc.constantFrom('add', 'remove', 'read'), names: fc.tuple(name) }),
  // More than are put in one by one.
  fc.record({ kind: fc.constant('add'), names: fc.uniqueArray(name, { minLength: 65, maxLength: 100 }) }),
);

describe('sorted names', () => {
  it('hold what was put in and not taken out, in order, page by page, whenever they are read', async () => {
    await fc.assert(
      fc.property(fc.array(step), fc.string(), fc.integer({ min: 1, max: 40 }), (steps, after, max) => {
        const names = new SortedNames();
        const model = new Set<string>();
        for (const one of steps) apply(one, names, model);
        const sorted = [...model].sort();
        expect(names.last).toBe(sorted.at(-1));
        expect(names.after(after, max)).toEqual(sorted.filter((found) => found > after).slice(0, max));
        const pages: string[] = [];
        for (let page = names.after('', max); page.length > 0; page = names.after(page.at(-1) ?? '', max))
          pages.push(...page);
        expect(pages).toEqual(sorted);
      }),
    );
  });
});

function apply(
  { kind, names }: { readonly kind: string; readonly names: readonly string[] },
  list: SortedNames,
  model: Set<string>,
): void {
  if (kind === 'read') expect(list.after('', Infinity)).toEqual([...model].sort());
  else if (kind === 'remove')
    for (const one of names) {
      list.remove(one);
      model.delete(one);
    }
  else
    for (const one of names) {
      list.add(one);
      model.add(one);
    }
}
