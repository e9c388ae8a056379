/** What one process does, one thing after the other: nothing while it is paused, and nothing any more once it has ended. */

type Task = () => void;

export class Mailbox {
  /** What came while it was paused. */
  readonly #tasks: Task[] = [];
  #isPaused = false;
  #hasEnded = false;

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Neither paused nor ended. */
  get isOpen(): boolean {
    return !this.#isPaused && !this.#hasEnded;
  }

  /** Runs `task` now, or after a pause, or never. */
  do(task: Task): void {
    if (this.#hasEnded) return;
    if (this.#isPaused) this.#tasks.push(task);
    else task();
  }

  pause(): void {
    this.#isPaused = true;
  }

  /** Goes on with what was begun, and then with what came meanwhile; each of them may pause it again. */
  resume(first: readonly Task[]): void {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.#tasks.unshift(...first);
    while (this.isOpen && this.#tasks.length > 0) this.#tasks.shift()?.();
  }

  end(): void {
    this.#hasEnded = true;
  }
}
