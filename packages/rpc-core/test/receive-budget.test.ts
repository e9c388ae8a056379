import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createReceiveBudget } from '../src/index.ts';
import { assertProperty } from './support/assert-property.ts';
import { connectPair, contract } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

describe('createReceiveBudget', () => {
  test('gives up the largest holders until what is held is within the bound', () => {
    const step = fc.tuple(fc.nat(9), fc.nat(400));
    assertProperty(
      fc.property(fc.array(step, { maxLength: 100, size: 'max' }), (steps) => {
        const budget = createReceiveBudget(1000);
        const held = Array<number>(10).fill(0);
        const isGone = Array<boolean>(10).fill(false);
        const shares = held.map((_, index) =>
          budget.join(() => {
            expect(held[index]).toBe(Math.max(...held));
            held[index] = 0;
            isGone[index] = true;
            shares[index]?.leave();
            shares[index]?.leave();
          }),
        );
        for (const [index, bytes] of steps) {
          if (isGone[index] !== true) held[index] = bytes;
          shares[index]?.set(bytes);
          expect(budget.heldBytes).toBe(held.reduce((sum, each) => sum + each, 0));
          expect(budget.heldBytes).toBeLessThanOrEqual(1000);
        }
      }),
    );
  });
});

describe('connections that share a budget', () => {
  test('count begun frames, and the one with the most is given up', async () => {
    const receiveBudget = createReceiveBudget(100_000);
    const [small, large] = [await createPuppet({ receiveBudget }), await createPuppet({ receiveBudget })];
    const begun = Buffer.concat([Buffer.from('4d540567726565740000fff0', 'hex'), new Uint8Array(40_000)]);
    for (const puppet of [small, large]) {
      await puppet.greet();
      await puppet.sendBytes(begun);
    }
    expect(receiveBudget.heldBytes).toBe(2 * begun.length);
    await large.sendBytes(new Uint8Array(20_000));
    expect([small.goodbyeCode, large.goodbyeCode]).toEqual([undefined, 'receive_overflow']);
    expect(receiveBudget.heldBytes).toBe(begun.length);
    await small.end();
    await large.end();
    expect(receiveBudget.heldBytes).toBe(0);
  });

  test('count unread items until they are read', async () => {
    const receiveBudget = createReceiveBudget(1e9);
    const pair = await connectPair({ near: { receiveBudget } });
    const blobs = pair.near.client(contract).blobs({ count: 3, size: 10_000 })[Symbol.asyncIterator]();
    await blobs.next();
    await pair.clock.advanceAsync(0);
    expect(receiveBudget.heldBytes).toBeGreaterThan(20_000);
    await blobs.next();
    await blobs.next();
    expect(receiveBudget.heldBytes).toBe(0);
    await blobs.next();
    await pair.end();
  });
});
