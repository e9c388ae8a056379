import { createManualClock } from '@minitorrent/rpc-core/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Paces } from '../src/shell/paces.ts';
import { checkPlan, limitsAt, MINUTES_A_DAY } from '../src/transfer-limits.ts';

const minute = fc.integer({ min: 0, max: MINUTES_A_DAY - 1 });

describe('limitsAt', () => {
  it('is that of the first span which the minute lies in, past midnight too, or else the general one', () => {
    const spans = fc.array(fc.record({ fromMinute: minute, lengthMinutes: minute }), { maxLength: 4 });
    fc.assert(
      fc.property(spans, minute, (drawn, now) => {
        const schedule = drawn.map(({ fromMinute, lengthMinutes }, place) => ({
          fromMinute,
          toMinute: (fromMinute + lengthMinutes) % MINUTES_A_DAY,
          upBytesPerSecond: 100_000 + place,
        }));
        // Of no length is the whole day.
        const place = drawn.findIndex(
          ({ fromMinute, lengthMinutes }) =>
            lengthMinutes === 0 || (now - fromMinute + MINUTES_A_DAY) % MINUTES_A_DAY < lengthMinutes,
        );
        const { upBytesPerSecond } = limitsAt({ upBytesPerSecond: 1e6, schedule }, now);
        expect(upBytesPerSecond).toBe(place === -1 ? 1e6 : 100_000 + place);
      }),
    );
  });
});

describe('checkPlan', () => {
  it.each([
    { upBytesPerSecond: 100 },
    { downBytesPerSecond: Number.NaN },
    { schedule: [{ fromMinute: 0, toMinute: MINUTES_A_DAY }] },
    { schedule: [{ fromMinute: 1.5, toMinute: 3 }] },
    { schedule: [{ fromMinute: 0, toMinute: 5, upBytesPerSecond: 0 }] },
  ])('refuses %j', (plan) => {
    expect(() => checkPlan(plan)).toThrow(RangeError);
  });
});

describe('Paces', () => {
  it('changes its limits with the minute of the local day, and stops at its close', () => {
    const clock = createManualClock();
    const now = new Date(clock.wallNow());
    const next = (now.getHours() * 60 + now.getMinutes() + 2) % MINUTES_A_DAY;
    const paces = new Paces(clock);
    const changes: (number | undefined)[] = [];
    paces.down.onChange(() => changes.push(paces.down.bytesPerSecond));
    const span = { fromMinute: next, toMinute: (next + 1) % MINUTES_A_DAY, downBytesPerSecond: 50_000 };
    paces.follow({ downBytesPerSecond: 90_000, schedule: [span] });
    clock.advance(60_000);
    expect(changes).toEqual([90_000]);
    clock.advance(60_000);
    expect(changes).toEqual([90_000, 50_000]);
    clock.advance(60_000);
    expect(changes).toEqual([90_000, 50_000, 90_000]);
    expect(() => paces.follow({ upBytesPerSecond: 1 })).toThrow(RangeError);
    paces[Symbol.dispose]();
    clock.advance(MINUTES_A_DAY * 60_000);
    expect(changes.length).toBe(3);
  });
});
