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
  #running: Promise<boolean> | undefined;
  #next: Promise<boolean> | undefined;
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

  /** Resolves after a look that begins now or later: whether that showed anything. */
  look(): Promise<boolean> {
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
  async lookShortly(): Promise<boolean> {
    const look = this.look();
    if (this.#isAway) return false;
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const { clock, limits } = this.#settings;
    const cancel = clock.schedule(limits.freshMs, () => {
      this.#isAway = true;
      resolve(false);
    });
    const hasLearnt = await Promise.race([look, promise]);
    cancel();
    return hasLearnt;
  }

  async #look(): Promise<boolean> {
    try {
      await this.#learn();
      this.#isAway = false;
      return true;
    } catch (error) {
      this.#isAway = true;
      this.#onFailure(error);
      return false;
    } finally {
      this.#running = undefined;
    }
  }
}
