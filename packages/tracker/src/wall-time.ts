/** Time as it is written down. */
import type { Clock } from '@minitorrent/rpc-core';

/** Now, in whole milliseconds since the Unix epoch. */
export function wallTimeMs(clock: Clock): number {
  return Math.max(0, Math.floor(clock.wallNow()));
}
