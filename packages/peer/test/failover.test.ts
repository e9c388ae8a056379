import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import type { Verdict } from '../src/call-verdict.ts';
import { callWithFailover } from '../src/failover.ts';

const times = { silenceMs: 1_500, firstPauseMs: 250, longestPauseMs: 1_000 };
const never = (): Promise<never> => new Promise(() => undefined);

class Failure extends Error {
  readonly verdict: Verdict;

  constructor(verdict: Verdict) {
    super(verdict);
    this.verdict = verdict;
  }
}

const fail = (verdict: Verdict) => (): Promise<never> => Promise.reject(new Failure(verdict));

/** Lines by name, in order of preference; what happens to a call is written down with its time. */
function createField(lines: Record<string, (signal: AbortSignal) => Promise<string>>) {
  const clock = createManualClock();
  const present = new Set(Object.keys(lines));
  const watchers = new Set<() => void>();
  const history: string[] = [];
  const giveUp = new AbortController();
  const note = (what: string): void => void history.push(`${clock.now()} ${what}`);
  const call = (): Promise<string> =>
    callWithFailover<string, string>({
      ...{ clock, times, signal: giveUp.signal },
      pick: (tried) => [...present].find((name) => !tried.has(name)),
      watch: (tell) => {
        watchers.add(tell);
        return () => watchers.delete(tell);
      },
      ask: async (name, signal) => {
        note(name);
        signal.addEventListener('abort', () => note(`${name} is cancelled`));
        return (await lines[name]?.(signal)) ?? name;
      },
      judge: (error) => (error instanceof Failure ? error.verdict : 'final'),
      onSilent: (name) => note(`${name} is silent`),
    });
  const change = (edit: (names: Set<string>) => void): void => {
    edit(present);
    for (const tell of [...watchers]) tell();
  };
  return { clock, history, call, change, giveUp, watchers };
}

describe('callWithFailover', () => {
  it('asks the next line at once when one fails', async () => {
    const { clock, history, call } = createField({ a: fail('again'), b: async () => 'yes' });
    expect(await clock.runUntilSettled(call())).toBe('yes');
    expect(history.filter((what) => !what.endsWith('cancelled'))).toEqual(['0 a', '0 b']);
    expect(clock.scheduledTasks).toBe(0);
  });

  it('asks the next line when one is silent for a while, and tells of that one', async () => {
    const { clock, history, call } = createField({ a: never, b: async () => 'yes' });
    expect(await clock.runUntilSettled(call())).toBe('yes');
    expect(history).toEqual([
      '0 a',
      '1500 a is silent',
      '1500 b',
      '1500 a is cancelled',
      '1500 b is cancelled',
    ]);
  });

  it('takes the answer of a silent line that comes before the other one’s', async () => {
    const late = Promise.withResolvers<string>();
    const { clock, call } = createField({ a: () => late.promise, b: never });
    clock.schedule(1_600, () => late.resolve('late'));
    expect(await clock.runUntilSettled(call())).toBe('late');
    expect(clock.now()).toBe(1_600);
  });

  it('does not take a line for silent because another one has just failed', async () => {
    const failing = Promise.withResolvers<string>();
    const slow = Promise.withResolvers<string>();
    const { clock, history, call } = createField({ a: () => failing.promise, b: () => slow.promise });
    clock.schedule(1_600, () => failing.reject(new Failure('again')));
    clock.schedule(1_700, () => slow.resolve('yes'));
    expect(await clock.runUntilSettled(call())).toBe('yes');
    expect(history).not.toContain('1600 b is silent');
  });

  it('gives a final failure to the caller, though others could be asked', async () => {
    const { clock, history, call } = createField({ a: fail('final'), b: async () => 'yes' });
    await expect(clock.runUntilSettled(call())).rejects.toThrow('final');
    expect(history).toEqual(['0 a', '0 a is cancelled']);
  });

  it('asks elsewhere after a failure that may not be everybody’s, and gives it when nobody does better', async () => {
    const better = createField({ a: fail('elsewhere'), b: async () => 'yes' });
    expect(await better.clock.runUntilSettled(better.call())).toBe('yes');
    const worse = createField({ a: fail('elsewhere'), b: fail('again') });
    await expect(worse.clock.runUntilSettled(worse.call())).rejects.toThrow('elsewhere');
    expect(worse.clock.now()).toBe(0);
    const final = createField({ a: fail('elsewhere'), b: fail('final') });
    await expect(final.clock.runUntilSettled(final.call())).rejects.toThrow('final');
  });

  it('waits for a silent line before it gives such a failure', async () => {
    const late = Promise.withResolvers<string>();
    const { clock, call } = createField({ a: () => late.promise, b: fail('elsewhere') });
    clock.schedule(3_000, () => late.resolve('late'));
    expect(await clock.runUntilSettled(call())).toBe('late');
  });

  it('tries all again after a pause, which grows', async () => {
    let tries = 0;
    const { clock, history, call } = createField({
      a: async () => {
        tries += 1;
        if (tries < 5) throw new Failure('again');
        return 'yes';
      },
    });
    expect(await clock.runUntilSettled(call())).toBe('yes');
    const asked = history.filter((what) => what.endsWith(' a'));
    expect(asked).toEqual(['0 a', '250 a', '750 a', '1750 a', '2750 a']);
  });

  it('asks a line that comes up at once, and waits while there is none', async () => {
    const { clock, history, call, change, watchers } = createField({ a: async () => 'yes' });
    change((names) => names.clear());
    clock.schedule(777, () => change((names) => names.add('a')));
    expect(await clock.runUntilSettled(call())).toBe('yes');
    expect(history[0]).toBe('777 a');
    expect(watchers.size).toBe(0);
  });

  it('asks again who failed while a silent one goes on being silent', async () => {
    let tries = 0;
    const { clock, call } = createField({
      a: never,
      b: async () => {
        tries += 1;
        if (tries === 1) throw new Failure('again');
        return 'yes';
      },
    });
    expect(await clock.runUntilSettled(call())).toBe('yes');
    expect(clock.now()).toBe(1_750);
  });

  it('ends with the signal’s reason, and cancels what is under way', async () => {
    const { clock, history, call, giveUp } = createField({ a: never });
    const called = call();
    const reason = new Error('never mind');
    clock.schedule(100, () => giveUp.abort(reason));
    await expect(clock.runUntilSettled(called)).rejects.toBe(reason);
    expect(history).toEqual(['0 a', '100 a is cancelled']);
    expect(clock.scheduledTasks).toBe(0);
  });
});
