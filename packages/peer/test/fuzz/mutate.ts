/** Damage to bytes as a hostile sender would do it: single bits, lengths, cuts, doubles, splices, huge numbers. */
import type { Chance } from './chance.ts';

type Mutation = (bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]) => Uint8Array;

/** What lengths, counts and numbers are made of when they are meant to hurt. */
const NUMBERS: readonly (readonly number[])[] = [
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f],
  [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
  [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10],
  [0x80, 0x00],
  [0xff, 0xff, 0xff, 0xff],
  [0x7f, 0xff, 0xff, 0xff],
  [0x80, 0x00, 0x00, 0x00],
  [0x00, 0x00, 0x00, 0x00],
  [0xff, 0xff],
  [0x00],
  [0x7f],
  [0x80],
];
/** Not UTF-8, or nothing that a name may have. */
const TEXTS = ['../', '\\', '\0', '\u001b[2J', '\u202e', 'con', 'e\u0301'].map((text) =>
  new TextEncoder().encode(text),
);
const ILL_TEXTS = [[0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xff], [0xc3]].map((bytes) =>
  Uint8Array.from(bytes),
);

const MUTATIONS: readonly Mutation[] = [
  flipBits,
  flipBits,
  setBytes,
  setLength,
  setLength,
  truncate,
  insertNumber,
  insertText,
  duplicate,
  remove,
  splice,
  append,
];

/** A copy of `bytes` with one to four mutations; `others` are what is spliced in. */
export function mutate(bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]): Uint8Array {
  let mutant = bytes;
  for (let left = 1 + (chance.oneIn(3) ? chance.below(4) : 0); left > 0; left -= 1) {
    mutant = chance.pick(MUTATIONS)(mutant, chance, others);
  }
  return mutant;
}

function flipBits(bytes: Uint8Array, chance: Chance): Uint8Array {
  const mutant = bytes.slice();
  const at = chance.below(mutant.length);
  if (at < mutant.length) mutant[at] = (mutant[at] ?? 0) ^ (1 << chance.below(8));
  return mutant;
}

function setBytes(bytes: Uint8Array, chance: Chance): Uint8Array {
  const mutant = bytes.slice();
  const from = chance.below(mutant.length);
  mutant.set(chance.bytes(Math.min(1 + chance.below(8), mutant.length - from)), from);
  return mutant;
}

/** Over what is there: an extensible struct begins with its length, as a u32. */
function setLength(bytes: Uint8Array, chance: Chance): Uint8Array {
  const mutant = bytes.slice();
  if (mutant.length < 4) return mutant;
  const at = chance.oneIn(2) ? 0 : chance.below(mutant.length - 3);
  const view = new DataView(mutant.buffer);
  const present = view.getUint32(at);
  view.setUint32(
    at,
    chance.pick([0, 1, present - 1, present + 1, mutant.length, 0x7fff_ffff, 0xffff_ffff]) >>> 0,
  );
  return mutant;
}

function truncate(bytes: Uint8Array, chance: Chance): Uint8Array {
  return bytes.slice(0, chance.below(bytes.length));
}

function insertNumber(bytes: Uint8Array, chance: Chance): Uint8Array {
  return replaced(bytes, chance, Uint8Array.from(chance.pick(NUMBERS)));
}

function insertText(bytes: Uint8Array, chance: Chance): Uint8Array {
  return replaced(bytes, chance, chance.pick(chance.oneIn(2) ? TEXTS : ILL_TEXTS));
}

function duplicate(bytes: Uint8Array, chance: Chance): Uint8Array {
  const from = chance.below(bytes.length);
  const part = bytes.subarray(from, from + 1 + chance.below(bytes.length - from));
  return joined(
    bytes.subarray(0, from),
    ...Array<Uint8Array>(2 + chance.below(6)).fill(part),
    bytes.subarray(from),
  );
}

function remove(bytes: Uint8Array, chance: Chance): Uint8Array {
  const from = chance.below(bytes.length);
  return joined(bytes.subarray(0, from), bytes.subarray(from + 1 + chance.below(8)));
}

function splice(bytes: Uint8Array, chance: Chance, others: readonly Uint8Array[]): Uint8Array {
  const other = chance.pick(others);
  return joined(bytes.subarray(0, chance.below(bytes.length)), other.subarray(chance.below(other.length)));
}

function append(bytes: Uint8Array, chance: Chance): Uint8Array {
  return joined(bytes, chance.bytes(1 + chance.below(chance.oneIn(20) ? 4_000 : 40)));
}

/** `part` in the place of what lies there, or between. */
function replaced(bytes: Uint8Array, chance: Chance, part: Uint8Array): Uint8Array {
  const at = chance.below(bytes.length + 1);
  return joined(bytes.subarray(0, at), part, bytes.subarray(chance.oneIn(2) ? at : at + part.length));
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
