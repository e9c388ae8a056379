import { describe, expect, it } from 'vitest';
import { createWorkQueue, type WorkQueue } from '../src/work-queue.ts';
import { turn } from './helpers/fake-journal.ts';

const queue = (): WorkQueue => createWorkQueue({ atOnce: 2, queued: 2, busy: 'too much to do' });

describe('createWorkQueue', () => {
  it('runs so many at a time, the others in order, and refuses the rest', async () => {
    const work = queue();
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<string>());
    const started: number[] = [];
    const runs = gates.map((gate, at) =>
      work.run(() => {
        started.push(at);
        return gate.promise;
      }),
    );
    await expect(work.run(async () => 'fifth')).rejects.toMatchObject({
      code: 'busy',
      message: 'too much to do',
    });
    expect(started).toEqual([0, 1]);
    gates[1]?.resolve('second');
    expect(await runs[1]).toBe('second');
    await turn();
    expect(started).toEqual([0, 1, 2]);
    for (const gate of gates) gate.resolve('done');
    expect(await Promise.all(runs)).toEqual(['done', 'second', 'done', 'done']);
    expect(await work.run(async () => 'later')).toBe('later');
  });

  it('lets nobody slip in where a place becomes free', async () => {
    const work = createWorkQueue({ atOnce: 1, queued: 1, busy: 'too much to do' });
    let running = 0;
    const task = async (): Promise<void> => {
      running += 1;
      expect(running).toBe(1);
      await turn();
      running -= 1;
    };
    const first = work.run(task);
    const second = work.run(task);
    await first;
    // The place was handed to the second one, though it has not begun.
    const third = work.run(task);
    await Promise.all([second, third]);
  });

  it('goes on after a task that failed', async () => {
    const work = createWorkQueue({ atOnce: 1, queued: 5, busy: 'too much to do' });
    const failing = work.run(() => Promise.reject(new Error('no')));
    const next = work.run(async () => 'next');
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('next');
  });

  it('gives up the place of a caller who has gone', async () => {
    const work = createWorkQueue({ atOnce: 1, queued: 1, busy: 'too much to do' });
    const gate = Promise.withResolvers<void>();
    const first = work.run(() => gate.promise);
    const caller = new AbortController();
    const second = work.run(async () => 'never', { signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(second).rejects.toThrow('gone');
    const third = work.run(async () => 'third');
    gate.resolve();
    await first;
    expect(await third).toBe('third');
    await expect(work.run(async () => 'never', { signal: caller.signal })).rejects.toThrow('gone');
  });
});
