import { describe, expect, it } from 'vitest';
import { HaveFeed } from '../src/have-feed.ts';

describe('HaveFeed', () => {
  it('tells who waits at once, and what is added in one go as one', async () => {
    const feed = new HaveFeed();
    using listener = feed.listen();
    const { signal } = new AbortController();
    const taken = listener.take(10, signal);
    feed.add([1]);
    feed.add([2, 3]);
    expect(await taken).toEqual([1, 2, 3]);
    const next = listener.take(10, signal);
    feed.add([4]);
    expect(await next).toEqual([4]);
  });

  it('tells each listener all that is added while it listens, at most maxItems at a time', async () => {
    const feed = new HaveFeed();
    using early = feed.listen();
    feed.add([1, 2, 3]);
    using late = feed.listen();
    feed.add([4]);
    const { signal } = new AbortController();
    for (const expected of [
      [1, 2],
      [3, 4],
    ])
      expect(await early.take(2, signal)).toEqual(expected);
    expect(await late.take(2, signal)).toEqual([4]);
  });

  it('answers nothing once aborted, and leaves no listener behind', async () => {
    const feed = new HaveFeed();
    const controller = new AbortController();
    {
      using listener = feed.listen();
      const taken = listener.take(2, controller.signal);
      controller.abort();
      expect(await taken).toEqual([]);
      feed.add([1]);
      expect(await listener.take(2, controller.signal)).toEqual([]);
      expect(feed.listenerCount).toBe(1);
    }
    expect(feed.listenerCount).toBe(0);
  });
});
