/** What happened in a run, with its times. */
export class Timeline {
  readonly #beganAtMs: number = performance.now();
  readonly #onEvent: (text: string) => void;
  readonly lines: string[] = [];

  constructor(onEvent: (text: string) => void) {
    this.#onEvent = onEvent;
  }

  /** Since the run began. */
  get nowMs(): number {
    return performance.now() - this.#beganAtMs;
  }

  note(text: string): void {
    const line = `${(this.nowMs / 1_000).toFixed(3).padStart(9)} ${text}`;
    this.lines.push(line);
    this.#onEvent(line);
  }
}
