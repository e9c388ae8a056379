/**
 * Keeps looking where a shared journal ends: when told to, and regularly, because a notification may be lost.
 *
 * A look that is asked for while one is under way is another one after it, which all who ask meanwhile share: what it
 * shows is never older than the question.
 */
import type { PostgresSettings } from './postgres-options.ts';

export class HeadWatch {
  readonly #settings: Pick<PostgresSettings, 'clock' | 'limits'>;
  readonly #learn: () => Promise<void>;
  readonly #onFailure: (error: unknown) => void;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #isAway = false;
  #cancelPoll: () => void = () => {};

  /** `learn` asks PostgreSQL; `onFailure` is told when that fails. */
  constructor(
    settings: Pick<PostgresSettings, 'clock' | 'limits'>,
    learn: () => Promise<void>,
    onFailure: (error: unknown) => void,
  ) {
    this.#settings = settings;
    this.#learn = learn;
    this.#onFailure = onFailure;
  }

  /** Looks at once, and then regularly until `close`. */
  start(): void {
    void this.look();
    this.#cancelPoll = this.#settings.clock.schedule(this.#settings.limits.pollMs, () => this.start());
  }

  close(): void {
    this.#cancelPoll();
  }

  /** Resolves after a look that begins now or later, however it ends. */
  look(): Promise<void> {
    if (this.#running === undefined) {
      this.#running = this.#look();
      return this.#running;
    }
    this.#next ??= this.#running.then(() => {
      this.#next = undefined;
      return this.look();
    });
    return this.#next;
  }

  /** The same, but does not wait longer than `freshMs`, and not at all while PostgreSQL is away. */
  async lookShortly(): Promise<void> {
    const look = this.look();
    if (this.#isAway) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const { clock, limits } = this.#settings;
    const cancel = clock.schedule(limits.freshMs, () => {
      this.#isAway = true;
      resolve();
    });
    await Promise.race([look, promise]);
    cancel();
  }

  async #look(): Promise<void> {
    try {
      await this.#learn();
      this.#isAway = false;
    } catch (error) {
      this.#isAway = true;
      this.#onFailure(error);
    } finally {
      this.#running = undefined;
    }
  }
}
