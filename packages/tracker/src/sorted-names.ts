/**
 * Names in order, so that they can be answered page by page without being sorted each time.
 *
 * The order is that of UTF-16 code units, which needs no locale and is the same on every machine. What is added waits until
 * somebody reads: one name among 100,000 moves the tail of the list, which takes tens of microseconds, and a replay adds all
 * of them before the first reader comes.
 */

/** As readers see them. */
export type NameList = Pick<SortedNames, 'after' | 'last'>;

/** Up to here names are put in one by one; more of them are sorted and merged in one go. */
const FEW = 64;

export class SortedNames {
  #sorted: string[] = [];
  readonly #added = new Set<string>();

  /** A name that is there stays there once. */
  add(name: string): void {
    this.#added.add(name);
  }

  /** A name that is not there changes nothing. */
  remove(name: string): void {
    this.#added.delete(name);
    const at = lowerBound(this.#sorted, name);
    if (this.#sorted[at] === name) this.#sorted.splice(at, 1);
  }

  /** Up to `max` names that come after `after`, which need not be there itself; `''` begins at the start. */
  after(after: string, max: number): readonly string[] {
    const names = this.#settled();
    const start = lowerBound(names, after);
    const from = names[start] === after ? start + 1 : start;
    return names.slice(from, from + max);
  }

  /** The last of all; undefined where there is none. */
  get last(): string | undefined {
    return this.#settled().at(-1);
  }

  #settled(): readonly string[] {
    if (this.#added.size > FEW) this.#sorted = merged(this.#sorted, [...this.#added].sort(inOrder));
    else for (const name of this.#added) insert(this.#sorted, name);
    this.#added.clear();
    return this.#sorted;
  }
}

function insert(names: string[], name: string): void {
  const at = lowerBound(names, name);
  if (names[at] !== name) names.splice(at, 0, name);
}

/** Two lists in order as one, each name once. */
function merged(names: readonly string[], others: readonly string[]): string[] {
  const result: string[] = [];
  let at = 0;
  for (const other of others) {
    for (let name = names[at]; name !== undefined && name < other; name = names[at]) {
      result.push(name);
      at += 1;
    }
    if (names[at] !== other) result.push(other);
  }
  for (; at < names.length; at += 1) result.push(names[at] ?? '');
  return result;
}

function inOrder(a: string, b: string): number {
  return a < b ? -1 : 1;
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
