/**
 * A set of piece indices as words of 32 bits, and the two scans that the piece map is made of.
 *
 * `Bitfield` of the chunk store is what travels and what a store answers; this is what a picker computes with: the
 * common members of two sets, from any word on, 32 pieces a step. It checks no index: its owner does.
 */
export class PieceSet {
  readonly length: number;
  readonly words: Uint32Array;
  #size = 0;

  constructor(length: number) {
    this.length = length;
    this.words = new Uint32Array(Math.ceil(length / 32));
  }

  /** How many pieces are in the set. */
  get size(): number {
    return this.#size;
  }

  has(index: number): boolean {
    return (((this.words[index >>> 5] ?? 0) >>> (index & 31)) & 1) === 1;
  }

  /** True where the set changed. */
  add(index: number): boolean {
    if (this.has(index)) return false;
    this.words[index >>> 5] = (this.words[index >>> 5] ?? 0) | (1 << (index & 31));
    this.#size += 1;
    return true;
  }

  /** True where the set changed. */
  delete(index: number): boolean {
    if (!this.has(index)) return false;
    this.words[index >>> 5] = (this.words[index >>> 5] ?? 0) & ~(1 << (index & 31));
    this.#size -= 1;
    return true;
  }

  /** The members in ascending order. */
  indices(): number[] {
    return collectCommon(this, this, { fromWord: 0, limit: this.#size });
  }
}

/** Whether the sets have a member in common. */
export function hasCommon(a: PieceSet, b: PieceSet): boolean {
  if (a.size === 0 || b.size === 0) return false;
  for (let word = 0; word < a.words.length; word += 1) {
    if (((a.words[word] ?? 0) & (b.words[word] ?? 0)) !== 0) return true;
  }
  return false;
}

/**
 * Up to `limit` members of both sets, found from word `fromWord` on and then round from the start.
 * Looks at each word at most once: length / 32 steps and one for each member found.
 */
export function collectCommon(
  a: PieceSet,
  b: PieceSet,
  options: { readonly fromWord: number; readonly limit: number },
): number[] {
  const found: number[] = [];
  const wordCount = a.words.length;
  let word = options.fromWord;
  for (let step = 0; step < wordCount && found.length < options.limit; step += 1) {
    let bits = (a.words[word] ?? 0) & (b.words[word] ?? 0);
    while (bits !== 0 && found.length < options.limit) {
      found.push(word * 32 + lowestBit(bits));
      bits &= bits - 1;
    }
    word = word + 1 === wordCount ? 0 : word + 1;
  }
  return found;
}

/** Up to `limit` members of both sets between `first` and `last` inclusive, in ascending order. */
export function collectRange(
  a: PieceSet,
  b: PieceSet,
  options: { readonly first: number; readonly last: number; readonly limit: number },
): number[] {
  const found: number[] = [];
  const last = Math.min(options.last, a.length - 1);
  for (let word = options.first >>> 5; word <= last >>> 5 && found.length < options.limit; word += 1) {
    let bits = (a.words[word] ?? 0) & (b.words[word] ?? 0);
    for (; bits !== 0 && found.length < options.limit; bits &= bits - 1) {
      const index = word * 32 + lowestBit(bits);
      if (index >= options.first && index <= last) found.push(index);
    }
  }
  return found;
}

function lowestBit(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}
