/** Lists that a tracker answers page by page. */
import type { Listing } from '../groups.ts';

/** Joins pages until one says that nothing follows. */
export async function allPages<T>(
  page: (after: string) => Promise<Listing<T> & { readonly next: string }>,
): Promise<Listing<T>> {
  const all: T[] = [];
  let mayBeStale = false;
  for (let after = ''; ; ) {
    const { items, next, ...answer } = await page(after);
    all.push(...items);
    mayBeStale ||= answer.mayBeStale;
    // An empty page, or the same one again, must not keep us here for ever.
    if (next === '' || next === after || items.length === 0) return { items: all, mayBeStale };
    after = next;
  }
}
