import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCreditReturn, itemCost } from '../src/credit.ts';
import { assertProperty } from './support/assert-property.ts';

describe('createCreditReturn', () => {
  test('grants in halves of the window', () => {
    const credit = createCreditReturn(1000);
    expect(credit.consumed(236)).toBe(0);
    expect(credit.consumed(136)).toBe(500);
    expect(credit.consumed(0)).toBe(0);
  });

  test('a sender that keeps to the rule can always go on once everything was read', () => {
    const sizes = fc.array(fc.nat(5000), { maxLength: 200, size: 'max' });
    assertProperty(
      fc.property(fc.integer({ min: 1, max: 5000 }), sizes, (windowBytes, payloads) => {
        const credit = createCreditReturn(windowBytes);
        let balance = windowBytes;
        for (const payloadBytes of payloads) {
          expect(balance).toBeGreaterThan(0);
          balance -= itemCost(payloadBytes);
          balance += credit.consumed(payloadBytes);
        }
      }),
    );
  });

  test('what is under way or unread never exceeds the window and one item', () => {
    const steps = fc.array(fc.oneof(fc.nat(3000), fc.constant('read' as const)), {
      maxLength: 300,
      size: 'max',
    });
    assertProperty(
      fc.property(fc.integer({ min: 1, max: 5000 }), steps, (windowBytes, script) => {
        const credit = createCreditReturn(windowBytes);
        const unread: number[] = [];
        let balance = windowBytes;
        for (const step of script) {
          if (step === 'read') balance += readOne(unread, credit.consumed);
          else if (balance > 0) {
            unread.push(step);
            balance -= itemCost(step);
          }
          const unreadCost = unread.slice(0, -1).reduce((sum, bytes) => sum + itemCost(bytes), 0);
          expect(unreadCost).toBeLessThan(windowBytes + 1);
        }
      }),
    );
  });
});

function readOne(unread: number[], consumed: (payloadBytes: number) => number): number {
  const payloadBytes = unread.shift();
  return payloadBytes === undefined ? 0 : consumed(payloadBytes);
}
