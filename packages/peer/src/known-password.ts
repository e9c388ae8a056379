/**
 * The password of the present login, for no longer than a tracker may ask for it.
 *
 * A device that a tracker knows needs none: its key is the session. So the password is forgotten when every tracker has let
 * the user in once, or after a while. Where the network proves no device there is nothing else to show, and it is kept until
 * the user logs out.
 */
import type { Clock } from '@minitorrent/rpc-core';

/** As long as a tracker takes that is being restarted. One that comes later learns of the device from the others. */
export const PASSWORD_KEPT_MS = 60_000;

export interface KnownPasswordOptions {
  readonly clock: Clock;
  /** How many trackers there are. */
  readonly trackers: number;
  /** Whether the network proves which device this is. */
  readonly proves: boolean;
}

export class KnownPassword {
  readonly #options: KnownPasswordOptions;
  readonly #usedAt = new Set<object>();
  #value: string | undefined;
  #disarm: () => void = () => undefined;

  constructor(options: KnownPasswordOptions) {
    this.#options = options;
  }

  /** Undefined once it is forgotten. */
  get value(): string | undefined {
    return this.#value;
  }

  /** Somebody is to be logged in by it. */
  keep(password: string): void {
    this.forget();
    this.#value = password;
    const { clock, proves } = this.#options;
    if (proves) this.#disarm = clock.schedule(PASSWORD_KEPT_MS, () => this.forget());
  }

  /** The user has another one now. Nothing where it is forgotten already. */
  changed(password: string): void {
    if (this.#value !== undefined) this.#value = password;
  }

  /** That tracker has let the user in, by whatever they showed. */
  letInAt(tracker: object): void {
    const { proves, trackers } = this.#options;
    this.#usedAt.add(tracker);
    if (proves && this.#usedAt.size >= trackers) this.forget();
  }

  /** Idempotent. */
  forget(): void {
    this.#disarm();
    this.#usedAt.clear();
    this.#value = undefined;
  }
}
