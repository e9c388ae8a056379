import { describe, expect, it } from 'vitest';
import { HaveFeed } from '../src/have-feed.ts';

/** A clock whose tasks run when the test says so. */
function handClock() {
  const tasks = new Set<() => void>();
  return {
    tasks,
    now: () => 0,
    wallNow: () => 0,
    schedule(_delayMs: number, task: () => void) {
      tasks.add(task);
      return () => tasks.delete(task);
    },
    elapse() {
      for (const task of [...tasks]) task();
    },
  };
}

describe('HaveFeed', () => {
  it('coalesces what is added within one interval', async () => {
    const clock = handClock();
    const feed = new HaveFeed(clock);
    using listener = feed.listen();
    const taken = listener.take(10, new AbortController().signal);
    feed.add([1]);
    await Promise.resolve();
    feed.add([2, 3]);
    await Promise.resolve();
    clock.elapse();
    expect(await taken).toEqual([1, 2, 3]);
  });

  it('hears of what is added between two takes, at most maxItems at a time', async () => {
    const clock = handClock();
    const feed = new HaveFeed(clock);
    using listener = feed.listen();
    feed.add([1, 2, 3]);
    for (const expected of [[1, 2], [3]]) {
      const taken = listener.take(2, new AbortController().signal);
      await Promise.resolve();
      clock.elapse();
      expect(await taken).toEqual(expected);
    }
  });

  it('answers nothing once aborted, and leaves no timer and no listener behind', async () => {
    const clock = handClock();
    const feed = new HaveFeed(clock);
    const controller = new AbortController();
    {
      using listener = feed.listen();
      feed.add([1]);
      const taken = listener.take(2, controller.signal);
      await Promise.resolve();
      controller.abort();
      expect(await taken).toEqual([]);
      expect(await listener.take(2, controller.signal)).toEqual([]);
      expect(feed.listenerCount).toBe(1);
    }
    expect(clock.tasks.size).toBe(0);
    expect(feed.listenerCount).toBe(0);
  });
});
