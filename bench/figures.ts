/** All figures, in the order in which they are measured and printed. */
import type { Figure } from './harness/figure.ts';
import { announces } from './micro/announces/announces.ts';
import { codec } from './micro/codec.ts';
import { rpc } from './micro/rpc.ts';
import { fourSeeders } from './transfer/four-seeders.ts';
import { oneToOne } from './transfer/one-to-one.ts';
import { halfDie, swarm } from './transfer/swarm.ts';

export const FIGURES: readonly Figure[] = [codec, rpc, announces, oneToOne, fourSeeders, swarm, halfDie];
