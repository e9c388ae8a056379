/**
 * Those who wait until the other side has read what was made for it: numbered questions, answered in their order.
 */
interface Waiter {
  readonly question: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Arrivals {
  #waiting: Waiter[] = [];

  /** Resolves when this question is answered, or a later one. */
  wait(question: number): Promise<void> {
    return new Promise((resolve, reject) => this.#waiting.push({ question, resolve, reject }));
  }

  answered(question: number): void {
    while (this.#waiting[0] !== undefined && this.#waiting[0].question <= question)
      this.#waiting.shift()?.resolve();
  }

  failAll(error: unknown): void {
    for (const { reject } of this.#waiting.splice(0)) reject(error);
  }
}
