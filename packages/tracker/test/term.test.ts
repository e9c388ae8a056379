import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import { firstEpochAfter, termOf } from '../src/replication/term.ts';

/** One for each of the others that comes in sync. */
const CHANGES = MESSAGE_LIMITS.trackers - 1;

describe('firstEpochAfter', () => {
  it('lets a promotion be later than a hand-over after the same epoch, with all its changes', () => {
    fc.assert(
      fc.property(fc.nat({ max: 1_000_000 }), (last) => {
        const handedOver = firstEpochAfter(last, 'handed_over');
        const promoted = firstEpochAfter(last, 'promoted');
        expect(handedOver).toBeGreaterThan(last);
        expect(promoted).toBeGreaterThan(handedOver + CHANGES);
        expect([termOf(handedOver), termOf(promoted + CHANGES)]).toEqual([
          termOf(last) + 1,
          termOf(last) + 1,
        ]);
      }),
    );
  });

  it('begins after what a tracker wrote that stood alone', () => {
    expect([firstEpochAfter(1, 'handed_over'), firstEpochAfter(1, 'promoted')]).toEqual([32, 48]);
  });
});
