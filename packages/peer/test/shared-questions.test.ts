import { drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { SharedQuestions } from '../src/shared-questions.ts';

const never = new AbortController().signal;

describe('SharedQuestions', () => {
  it('puts a question once, and gives those who ask meanwhile and those who ask later the same answer', async () => {
    const questions = new SharedQuestions<string>(8);
    const { promise, resolve } = Promise.withResolvers<string>();
    const put = vi.fn(() => promise);
    const early = [questions.ask('bob', put, never), questions.ask('bob', put, never)];
    resolve('accept');
    expect(await Promise.all(early)).toEqual(['accept', 'accept']);
    expect(await questions.ask('bob', put, never)).toBe('accept');
    expect(put).toHaveBeenCalledTimes(1);
    expect(await questions.ask('carol', async () => 'refuse', never)).toBe('refuse');
  });

  it('goes on while anybody waits, and is withdrawn when nobody does', async () => {
    const questions = new SharedQuestions<string>(8);
    const [first, second] = [new AbortController(), new AbortController()];
    const put = vi.fn((_signal: AbortSignal) => new Promise<string>(() => undefined));
    const asked = [questions.ask('bob', put, first.signal), questions.ask('bob', put, second.signal)];
    const outcomes = Promise.allSettled(asked);
    first.abort();
    await drainMicrotasks();
    expect(put.mock.calls[0]?.[0].aborted).toBe(false);
    second.abort();
    expect(await outcomes).toMatchObject([{ status: 'rejected' }, { status: 'rejected' }]);
    expect(put.mock.calls[0]?.[0].aborted).toBe(true);
    expect(await questions.ask('bob', async () => 'accept', never)).toBe('accept');
  });

  it('puts again what failed', async () => {
    const questions = new SharedQuestions<string>(8);
    const failing = async (): Promise<string> => {
      throw new Error('nobody home');
    };
    await expect(questions.ask('bob', failing, never)).rejects.toThrow('nobody home');
    expect(await questions.ask('bob', async () => 'accept', never)).toBe('accept');
  });

  it('remembers so many questions and no more, and none for somebody else', async () => {
    const questions = new SharedQuestions<number>(2);
    let put = 0;
    const count = async (): Promise<number> => {
      put += 1;
      return put;
    };
    const ask = (name: string): Promise<number> => questions.ask(name, count, never);
    expect([await ask('a'), await ask('b'), await ask('c'), await ask('a')]).toEqual([1, 2, 3, 4]);
    questions.clear();
    expect(await ask('a')).toBe(5);
  });
});
