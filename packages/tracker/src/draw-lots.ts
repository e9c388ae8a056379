/** Fair choices among many. */
import type { Random } from '@minitorrent/rpc-core';

/** `most` different numbers below `count`, each set equally likely, or all of them (R. W. Floyd, CACM 30, 1987). */
export function drawLots(count: number, most: number, random: Random): readonly number[] {
  if (count <= most) return firstNumbers(count);
  const drawn = new Set<number>();
  for (let highest = count - most; highest < count; highest += 1) {
    const place = random.integer(highest + 1);
    drawn.add(drawn.has(place) ? highest : place);
  }
  return [...drawn];
}

function firstNumbers(count: number): readonly number[] {
  const numbers: number[] = [];
  for (let number = 0; number < count; number += 1) numbers.push(number);
  return numbers;
}
