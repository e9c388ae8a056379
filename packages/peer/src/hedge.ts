/**
 * Asks one after the other without waiting long for any: the first good answer counts, the rest is cut short.
 *
 * The idea is that of connection attempts in RFC 8305 ("Happy Eyeballs"): the next candidate is tried when the one
 * before failed or has not answered for a while, so that a silent one costs that while and no more.
 */
import type { Clock } from '@minitorrent/rpc-core';
import { settledBy } from './waiting.ts';

export interface HedgeOptions {
  readonly clock: Clock;
  /** How long to wait for one candidate before the next is asked too. */
  readonly staggerMs: number;
  readonly signal: AbortSignal;
}

/**
 * The first answer that is not undefined; undefined when no candidate gave one, or `signal` aborted. `ask` must not
 * reject; its signal aborts when its answer is not wanted any more. A candidate that is undefined means that there is
 * none at present: the next one is looked for after the stagger.
 */
export async function hedge<Candidate, Answer>(
  candidates: Iterable<Candidate | undefined>,
  ask: (candidate: Candidate, signal: AbortSignal) => Promise<Answer | undefined>,
  { clock, staggerMs, signal }: HedgeOptions,
): Promise<Answer | undefined> {
  const won = new AbortController();
  const over = AbortSignal.any([signal, won.signal]);
  let answer: Answer | undefined;
  const asked: Promise<void>[] = [];
  const take = (given: Answer | undefined): void => {
    if (given === undefined || over.aborted) return;
    answer = given;
    won.abort();
  };
  for (const candidate of candidates) {
    if (over.aborted) break;
    const attempt = candidate === undefined ? undefined : ask(candidate, over).then(take);
    if (attempt !== undefined) asked.push(attempt);
    await settledBy(over, (settle) => {
      void attempt?.then(settle);
      return clock.schedule(staggerMs, settle);
    });
  }
  await settledBy(over, (settle) => {
    void Promise.all(asked).then(settle);
    return () => undefined;
  });
  return answer;
}
