/**
 * Puts a question once that several ask, and gives all of them the same answer: those who ask at the same time, and those
 * who ask later.
 *
 * The question is withdrawn when nobody waits for its answer any more. One that failed is put again.
 */
import { RecentMap } from './recent-map.ts';
import { untilAborted } from './waiting.ts';

export class SharedQuestions<Answer> {
  readonly #remembered: RecentMap<string, Question<Answer>>;

  /** Remembers the last `most` questions, and puts an older one again. */
  constructor(most: number) {
    this.#remembered = new RecentMap(most);
  }

  /** The answer to the question of that name, which `put` puts unless it was; rejects when `signal` aborts. */
  async ask(
    name: string,
    put: (signal: AbortSignal) => Promise<Answer>,
    signal: AbortSignal,
  ): Promise<Answer> {
    const known = this.#remembered.get(name);
    const question = known?.hasFailed === false ? known : new Question(put);
    this.#remembered.set(name, question);
    return await question.wait(signal);
  }

  clear(): void {
    this.#remembered.clear();
  }
}

class Question<Answer> {
  readonly #withdrawing = new AbortController();
  readonly #answer: Promise<Answer>;
  #waiting = 0;
  #state: 'open' | 'answered' | 'failed' = 'open';

  constructor(put: (signal: AbortSignal) => Promise<Answer>) {
    this.#answer = (async () => put(this.#withdrawing.signal))();
    this.#answer.then(
      () => {
        this.#state = 'answered';
      },
      () => {
        this.#state = 'failed';
      },
    );
  }

  /** No answer will come of it any more. */
  get hasFailed(): boolean {
    return this.#state === 'failed' || this.#withdrawing.signal.aborted;
  }

  async wait(signal: AbortSignal): Promise<Answer> {
    this.#waiting += 1;
    try {
      return await untilAborted(this.#answer, signal);
    } finally {
      this.#waiting -= 1;
      if (this.#waiting === 0 && this.#state === 'open') this.#withdrawing.abort(signal.reason);
    }
  }
}
