/**
 * The swarms that figures are given for. A piece takes 50 ms at an uplink of rate 1, as 64 KiB do at 10 Mbit/s.
 */
import { createSeededRandom } from '../support/seeded-random.ts';
import type { Behaviour, SimulationOptions } from './simulation-model.ts';

const PIECE_LENGTH = 64 * 1024;
const PIECE_MS = 50;
/** A tenth of a piece's time. */
const DELAY_MS = 5;

export interface Scenario {
  readonly peers: number;
  readonly pieces: number;
  /** Unequal: from a quarter of the seeder's to four times it, as many above as below. */
  readonly uplinks?: 'equal' | 'unequal';
  readonly delayMs?: number;
  readonly jitterMs?: number;
  /** Of every leecher, in multiples of the seeder's uplink; without one only uplinks limit. */
  readonly downlink?: number;
  /** Of the leechers, how many vanish once in the middle and come back, in percent. */
  readonly churn?: number;
  /** Of the leechers, how many vanish for good at a third of the bound, in percent: none of those that come back. */
  readonly dying?: number;
  readonly liars?: number;
  readonly seed?: number;
}

/** What to simulate; rules are checked unless told otherwise. */
export function optionsOf(scenario: Scenario): SimulationOptions {
  const { peers, pieces, uplinks = 'equal', delayMs = DELAY_MS, seed = 1 } = scenario;
  const rate = PIECE_LENGTH / PIECE_MS;
  const random = createSeededRandom(seed);
  const factors = Array.from({ length: peers }, () => 4 ** ((2 * random.integer(1_001)) / 1_000 - 1));
  const boundMs = pieces * PIECE_MS;
  const { churn: away = 0, dying = 0, downlink } = scenario;
  if (away + dying > 100)
    throw new RangeError(`Cannot have ${away} + ${dying} percent of the leechers vanish`);
  const leaving = Math.round((peers * away) / 100);
  const staying = peers - Math.round((peers * dying) / 100);
  return {
    ...{ seed, leechers: peers, pieces, pieceLength: PIECE_LENGTH, delayMs },
    ...{ jitterMs: scenario.jitterMs ?? 0, seederUplink: rate },
    leecherUplink: (leecher) => rate * (uplinks === 'equal' ? 1 : (factors[leecher] ?? 1)),
    liars: Array.from({ length: scenario.liars ?? 0 }, (_, liar) => LIES[liar % LIES.length] ?? 'silent'),
    ...(downlink === undefined ? {} : { downlink: downlink * rate }),
    churn: Array.from({ length: peers }, (_, leecher) => leecher).flatMap((leecher) => {
      if (leecher >= staying) return [{ leecher, downAtMs: boundMs / 3 }];
      if (leecher >= leaving) return [];
      const downAtMs = random.integer(boundMs);
      return [{ leecher, downAtMs, upAtMs: downAtMs + 1 + random.integer(Math.ceil(boundMs / 4)) }];
    }),
  };
}

const LIES: readonly Exclude<Behaviour, 'honest'>[] = ['wrong_bytes', 'false_have', 'silent'];
