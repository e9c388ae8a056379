/**
 * Randomness as an argument, so that a simulation can be replayed from its seed.
 */
export interface Random {
  /** A uniform integer in [0, exclusiveMax); `exclusiveMax` is between 1 and 2^32. */
  integer(exclusiveMax: number): number;
  /** `length` random bytes; unpredictable when made by `createSystemRandom`. */
  bytes(length: number): Uint8Array;
}
