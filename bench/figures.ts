/** All figures, in the order in which they are measured and printed. */
import type { Figure } from './harness/figure.ts';
import { codec } from './micro/codec.ts';
import { rpc } from './micro/rpc.ts';

export const FIGURES: readonly Figure[] = [codec, rpc];
