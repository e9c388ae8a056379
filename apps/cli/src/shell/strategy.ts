/**
 * The names of the ways in which a downloader chooses its next piece.
 */
import type { PickStrategyName } from '@minitorrent/peer';
import { CliError } from '../cli-error.ts';

export const STRATEGIES: readonly PickStrategyName[] = ['rarest-first', 'random', 'sequential'];

/** A strategy as the user typed it. Fails with `bad_arguments`. */
export function readStrategy(text: string): PickStrategyName {
  const found = STRATEGIES.find((strategy) => strategy === text);
  if (found !== undefined) return found;
  throw new CliError(
    'bad_arguments',
    `Cannot use the strategy ${JSON.stringify(text)}: expected ${STRATEGIES.join(', ')}`,
  );
}
