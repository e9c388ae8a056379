import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFlushMeter } from '../src/flush-policy.ts';

describe('createFlushMeter', () => {
  it('never lets more bytes or time wait than the policy allows', () => {
    const writes = fc.array(fc.record({ bytes: fc.integer({ min: 1, max: 60 }), afterMs: fc.nat(40) }));
    fc.assert(
      fc.property(writes, (steps) => {
        const meter = createFlushMeter({ maxBytes: 100, maxDelayMs: 50 });
        let nowMs = 7;
        let waiting: { bytes: number; sinceMs: number } | undefined;
        for (const { bytes, afterMs } of steps) {
          nowMs += afterMs;
          waiting = { bytes: (waiting?.bytes ?? 0) + bytes, sinceMs: waiting?.sinceMs ?? nowMs };
          const isDue = waiting.bytes >= 100 || nowMs - waiting.sinceMs >= 50;
          expect(meter.wrote(bytes, nowMs)).toBe(isDue);
          if (isDue) {
            meter.flushed();
            waiting = undefined;
          }
        }
      }),
    );
  });
});
