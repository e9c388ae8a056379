import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import { firstEpochAfter, halfTermOf } from '../src/replication/term.ts';

/** One for each of the others that comes in sync. */
const CHANGES = MESSAGE_LIMITS.trackers - 1;

describe('firstEpochAfter', () => {
  it('lets a promotion be later than a hand-over after the same epoch, with all its changes', async () => {
    await fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), (last) => {
        const handedOver = firstEpochAfter(last, 'handed_over');
        const promoted = firstEpochAfter(last, 'promoted');
        expect(halfTermOf(handedOver)).toBeGreaterThan(halfTermOf(last));
        expect(promoted).toBeGreaterThan(handedOver + CHANGES);
      }),
    );
  });

  it('never gives both of them the same half of a term', async () => {
    await fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), fc.nat({ max: 1_000_000 }), (one, other) => {
        const handedOver = halfTermOf(firstEpochAfter(one, 'handed_over') + CHANGES);
        expect(handedOver).not.toBe(halfTermOf(firstEpochAfter(other, 'promoted')));
      }),
    );
  });

  it('begins after what a tracker wrote that stood alone', () => {
    const promoted = [1, 32, 47, 48, 63].map((last) => firstEpochAfter(last, 'promoted'));
    const handedOver = [1, 32, 47, 48, 63].map((last) => firstEpochAfter(last, 'handed_over'));
    expect([promoted, handedOver]).toEqual([
      [32, 64, 64, 96, 96],
      [16, 48, 48, 80, 80],
    ]);
  });
});
