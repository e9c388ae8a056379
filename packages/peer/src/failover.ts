/**
 * Carries one call from tracker to tracker until one answers it.
 *
 * What affects it:
 * - a line that fails is followed by the next one at once; one that is only silent is followed by the next one after a
 *   while, and its answer counts all the same if it comes first (as connection attempts do in RFC 8305);
 * - the connection is what was tried, not the tracker: one that comes up again is tried at once;
 * - when every line there is was tried, all that failed are tried again after a pause, which grows.
 * Time and lines are arguments. How long all of it may take is the signal's business.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { Verdict } from './call-verdict.ts';
import { settledBy } from './waiting.ts';

export interface FailoverTimes {
  /** A call without an answer for this long is made elsewhere too. */
  readonly silenceMs: number;
  /** Before what failed everywhere is tried again; it doubles each time. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

export interface FailoverOptions<Line, Answer> {
  readonly clock: Clock;
  readonly times: FailoverTimes;
  readonly signal: AbortSignal;
  /** The best line that is not in `tried`; undefined where there is none now. */
  pick(tried: ReadonlySet<Line>): Line | undefined;
  /** Calls `tell` whenever there may be another line; answers how to stop that. */
  watch(tell: () => void): () => void;
  /** Makes the call; its signal aborts when the answer is not wanted any more. */
  ask(line: Line, signal: AbortSignal): Promise<Answer>;
  judge(error: unknown, line: Line): Verdict;
  onSilent(line: Line): void;
}

/** The first answer. Rejects with a failure that is final, or with the signal's reason. */
export async function callWithFailover<Line, Answer>(
  options: FailoverOptions<Line, Answer>,
): Promise<Answer> {
  return await new FailoverCall(options).run();
}

class FailoverCall<Line, Answer> {
  readonly #options: FailoverOptions<Line, Answer>;
  readonly #over = new AbortController();
  readonly #signal: AbortSignal;
  readonly #tried = new Set<Line>();
  readonly #running = new Set<Line>();
  #answer: { readonly value: Answer } | undefined;
  /** What ends the call, if no answer comes before that. */
  #failure: { readonly error: unknown; readonly isFinal: boolean } | undefined;
  #pauses = 0;
  #wake: () => void = () => undefined;

  constructor(options: FailoverOptions<Line, Answer>) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.signal, this.#over.signal]);
  }

  async run(): Promise<Answer> {
    try {
      for (;;) {
        if (this.#answer !== undefined) return this.#answer.value;
        if (this.#failure?.isFinal === true) throw this.#failure.error;
        this.#signal.throwIfAborted();
        await this.#step();
      }
    } finally {
      this.#over.abort();
    }
  }

  async #step(): Promise<void> {
    const line = this.#options.pick(this.#tried);
    if (line !== undefined) await this.#try(line);
    else if (this.#running.size === 0 && this.#failure !== undefined) throw this.#failure.error;
    else await this.#pause();
  }

  /** Until the line has answered, or was silent for long. */
  async #try(line: Line): Promise<void> {
    const { clock, times } = this.#options;
    this.#tried.add(line);
    this.#running.add(line);
    const asked = this.#ask(line);
    const silentAtMs = clock.now() + times.silenceMs;
    let isSilent = false;
    while (this.#isAwaited(line) && !isSilent) {
      isSilent = await this.#untilWoken(Math.max(0, silentAtMs - clock.now()), (wake) => {
        void asked.then(wake);
        return () => undefined;
      });
    }
    if (this.#isAwaited(line)) this.#options.onSilent(line);
  }

  #isAwaited(line: Line): boolean {
    return this.#running.has(line) && !this.#isDecided && !this.#signal.aborted;
  }

  /** Until something changes, or it is time to try again whoever failed. */
  async #pause(): Promise<void> {
    const { firstPauseMs, longestPauseMs } = this.#options.times;
    const pauseMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#pauses);
    const isOver = await this.#untilWoken(pauseMs, (wake) => this.#options.watch(wake));
    if (!isOver) return;
    this.#pauses = Math.min(this.#pauses + 1, 30);
    for (const line of this.#tried) if (!this.#running.has(line)) this.#tried.delete(line);
  }

  /** Never rejects. */
  async #ask(line: Line): Promise<void> {
    try {
      const value = await this.#options.ask(line, this.#signal);
      this.#answer ??= { value };
    } catch (error) {
      const verdict = this.#signal.aborted ? 'again' : this.#options.judge(error, line);
      if (verdict === 'final') this.#failure = { error, isFinal: true };
      if (verdict === 'elsewhere') this.#failure ??= { error, isFinal: false };
    }
    this.#running.delete(line);
    this.#wake();
  }

  get #isDecided(): boolean {
    return this.#answer !== undefined || this.#failure?.isFinal === true;
  }

  /** True when the time is over; false when something came before that. */
  async #untilWoken(delayMs: number, arm: (wake: () => void) => () => void): Promise<boolean> {
    const { clock } = this.#options;
    let isOver = false;
    await settledBy(this.#signal, (settle) => {
      this.#wake = settle;
      const disarm = arm(settle);
      const cancel = clock.schedule(delayMs, () => {
        isOver = true;
        settle();
      });
      return () => {
        disarm();
        cancel();
      };
    });
    return isOver;
  }
}
