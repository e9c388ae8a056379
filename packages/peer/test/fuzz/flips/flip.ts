/** Single bits flipped, one at a time, and what became of each. */
import type { Chance } from '../chance.ts';

export interface FlipResult {
  readonly what: string;
  readonly flips: number;
  /** Flips after which everything was as before: in room that nobody reads. */
  readonly harmless: number;
  /** Each flip that something came of and nobody noticed. */
  readonly missed: readonly string[];
}

/** `detected`: refused, or done without what was flipped. `harmless`: nothing changed. */
export type Verdict = 'detected' | 'harmless' | 'missed';

/** A place where a bit can be flipped: which of several byte strings, and which bit of it. */
export interface Flip {
  readonly place: number;
  readonly bit: number;
}

/** Any bit of `places`, by their lengths in bytes: each place as often as the others, for some are very long. */
export function drawFlip(chance: Chance, lengths: readonly number[]): Flip {
  const place = chance.below(lengths.length);
  return { place, bit: chance.below((lengths[place] ?? 0) * 8) };
}

/** A copy with that bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[bit >> 3] = (copy[bit >> 3] ?? 0) ^ (1 << (bit & 7));
  return copy;
}

/** Judges so many flips, one after the other. */
export async function judgeFlips(
  what: string,
  flips: number,
  judge: (number: number) => Promise<readonly [Verdict, string]> | readonly [Verdict, string],
): Promise<FlipResult> {
  let harmless = 0;
  const missed: string[] = [];
  for (let number = 0; number < flips; number += 1) {
    const [verdict, description] = await judge(number);
    if (verdict === 'harmless') harmless += 1;
    if (verdict === 'missed') missed.push(`flip ${number}: ${description}`);
  }
  return { what, flips, harmless, missed };
}
