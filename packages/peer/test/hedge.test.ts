import { describe, expect, it } from 'vitest';
import { hedge } from '../src/hedge.ts';

/** A clock on which a wait is over as soon as the test says so. */
function stepClock() {
  const tasks = new Set<() => void>();
  return {
    tasks,
    now: () => 0,
    wallNow: () => 0,
    schedule(_delayMs: number, task: () => void) {
      tasks.add(task);
      return () => tasks.delete(task);
    },
    async step() {
      for (const task of [...tasks]) task();
      for (let turn = 0; turn < 10; turn++) await Promise.resolve();
    },
  };
}

const silence = (): Promise<never> => new Promise(() => undefined);

describe('hedge', () => {
  it('asks the next one at once when one has nothing', async () => {
    const clock = stepClock();
    const asked: string[] = [];
    const answer = await hedge(
      ['a', 'b', 'c'],
      async (name) => {
        asked.push(name);
        return name === 'b' ? name : undefined;
      },
      { clock, staggerMs: 1_000, signal: new AbortController().signal },
    );
    expect(answer).toBe('b');
    expect(asked).toEqual(['a', 'b']);
    expect(clock.tasks.size).toBe(0);
  });

  it('asks the next one after a while when one is silent, and aborts the silent one', async () => {
    const clock = stepClock();
    let silentSignal: AbortSignal | undefined;
    const answer = hedge(
      ['silent', 'good'],
      (name, signal) => {
        if (name === 'good') return Promise.resolve(name);
        silentSignal = signal;
        return silence();
      },
      { clock, staggerMs: 1_000, signal: new AbortController().signal },
    );
    await clock.step();
    expect(await answer).toBe('good');
    expect(silentSignal?.aborted).toBe(true);
  });

  it('takes a late answer of an earlier one', async () => {
    const clock = stepClock();
    const late = Promise.withResolvers<string>();
    const answer = hedge(['late', 'silent'], (name) => (name === 'late' ? late.promise : silence()), {
      clock,
      staggerMs: 1_000,
      signal: new AbortController().signal,
    });
    await clock.step();
    late.resolve('at last');
    expect(await answer).toBe('at last');
  });

  it('looks again after a while where there is no candidate at present', async () => {
    const clock = stepClock();
    const answer = hedge([undefined, 'newcomer'], async (name) => name, {
      clock,
      staggerMs: 1_000,
      signal: new AbortController().signal,
    });
    await clock.step();
    expect(await answer).toBe('newcomer');
  });

  it('answers undefined when none has anything, and when it is aborted', async () => {
    const clock = stepClock();
    const controller = new AbortController();
    const options = { clock, staggerMs: 1_000, signal: controller.signal };
    expect(await hedge([1, 2], async () => undefined, options)).toBeUndefined();
    const waiting = hedge([1, 2], silence, options);
    controller.abort();
    expect(await waiting).toBeUndefined();
    expect(clock.tasks.size).toBe(0);
  });
});
