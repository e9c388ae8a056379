/**
 * Reading, together with whether the reader may rely on it.
 */
import type { TrackerState } from '../model.ts';
import type { ServiceParts } from './parts.ts';

/** What a read said. */
export interface Marked<T> {
  readonly answer: T;
  /**
   * Whether something acknowledged may be missing in this very answer. To ask later would be wrong: another read may have
   * caught up meanwhile.
   */
  readonly mayBeStale: boolean;
}

/** As `Ledger.read`. */
export function readMarked<T>(
  { ledger, authority }: Pick<ServiceParts, 'ledger' | 'authority'>,
  query: (state: TrackerState) => T,
): Promise<Marked<T>> {
  return ledger.read((state) => ({ mayBeStale: authority.mayBeStale(), answer: query(state) }));
}
