import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createManualClock } from '../src/testing.ts';
import { assertProperty } from './support/assert-property.ts';

describe('createManualClock', () => {
  test('stands still until told to go on, and knows the time of day', () => {
    const clock = createManualClock({ wallStart: 1000 });
    expect([clock.now(), clock.wallNow(), clock.nextTaskAt]).toEqual([0, 1000, undefined]);
    clock.advance(250);
    expect([clock.now(), clock.wallNow()]).toEqual([250, 1250]);
  });

  test('runs tasks by time, then in the order of scheduling, each at its own time', () => {
    const task = fc.record({ delayMs: fc.nat(50), isCancelled: fc.boolean() });
    assertProperty(
      fc.property(fc.array(task, { maxLength: 100, size: 'max' }), (tasks) => {
        const clock = createManualClock();
        const ran: { readonly at: number; readonly order: number }[] = [];
        const expected = tasks
          .map(({ delayMs, isCancelled }, order) => ({ at: delayMs, order, isCancelled }))
          .filter(({ isCancelled }) => !isCancelled)
          .sort((a, b) => a.at - b.at || a.order - b.order)
          .map(({ at, order }) => ({ at, order }));
        const cancels = tasks.map(({ delayMs }, order) =>
          clock.schedule(delayMs, () => ran.push({ at: clock.now(), order })),
        );
        for (const [index, { isCancelled }] of tasks.entries()) if (isCancelled) cancels[index]?.();
        expect(clock.scheduledTasks).toBe(expected.length);
        clock.advance(50);
        expect(ran).toEqual(expected);
        expect([clock.scheduledTasks, clock.now()]).toEqual([0, 50]);
      }),
    );
  });

  test('runs what tasks schedule, when that falls due too', () => {
    const clock = createManualClock();
    const ran: number[] = [];
    const tick = (): void => {
      ran.push(clock.now());
      clock.schedule(10, tick);
    };
    tick();
    clock.advance(35);
    expect(ran).toEqual([0, 10, 20, 30]);
    expect(clock.nextTaskAt).toBe(40);
  });

  test('a task may be cancelled at any time, also after it ran', () => {
    const clock = createManualClock();
    const cancel = clock.schedule(1, () => {});
    clock.advance(1);
    cancel();
    cancel();
    expect(clock.scheduledTasks).toBe(0);
  });

  test('advanceAsync lets long chains of promises settle between tasks', async () => {
    const clock = createManualClock();
    const seen: string[] = [];
    async function chain(name: string): Promise<void> {
      for (let turn = 0; turn < 1000; turn++) await undefined;
      seen.push(`${name} at ${clock.now()}`);
    }
    clock.schedule(1, () => void chain('first'));
    clock.schedule(2, () => void chain('second'));
    await clock.advanceAsync(5);
    expect(seen).toEqual(['first at 1', 'second at 2']);
  });

  test('runUntil goes on from task to task, as far as needed', async () => {
    const clock = createManualClock();
    let isDone = false;
    clock.schedule(1e9, () => {
      isDone = true;
    });
    clock.schedule(2e9, () => {});
    expect(await clock.runUntil(() => isDone)).toBe(true);
    expect(clock.now()).toBe(1e9);
    expect(await clock.runUntil(() => false)).toBe(false);
  });

  test('runUntilSettled answers the promise, or says that it cannot go on', async () => {
    const clock = createManualClock();
    const later = new Promise((resolve) => clock.schedule(5, () => resolve('done')));
    expect(await clock.runUntilSettled(later)).toBe('done');
    await expect(clock.runUntilSettled(Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    await expect(clock.runUntilSettled(new Promise(() => {}))).rejects.toThrow(/nothing is scheduled/);
  });
});
