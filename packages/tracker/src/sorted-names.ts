/**
 * A list of names kept in order, so that it can be answered page by page without being sorted each time.
 *
 * The order is that of UTF-16 code units, which needs no locale and is the same on every machine. Adding and removing
 * move the tail of one array: at 100,000 names that is some microseconds.
 */

/** Puts `name` in its place; a name that is there stays there once. */
export function insertName(names: string[], name: string): void {
  const at = lowerBound(names, name);
  if (names[at] !== name) names.splice(at, 0, name);
}

/** Takes `name` out; a name that is not there changes nothing. */
export function removeName(names: string[], name: string): void {
  const at = lowerBound(names, name);
  if (names[at] === name) names.splice(at, 1);
}

/** Up to `max` names that come after `after`, which need not be there itself; `''` begins at the start. */
export function namesAfter(names: readonly string[], after: string, max: number): readonly string[] {
  const start = lowerBound(names, after);
  const from = names[start] === after ? start + 1 : start;
  return names.slice(from, from + max);
}

/** The first place whose name is not before `name`. */
function lowerBound(names: readonly string[], name: string): number {
  let low = 0;
  let high = names.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const candidate = names[middle];
    if (candidate !== undefined && candidate < name) low = middle + 1;
    else high = middle;
  }
  return low;
}
