/** All figures, in the order in which they are measured and printed. */
import type { Figure } from './harness/figure.ts';

export const FIGURES: readonly Figure[] = [];
