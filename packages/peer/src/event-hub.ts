/**
 * Tells whoever listens what happened, with types for each event's arguments.
 *
 * A listener that throws does not keep the others from hearing, nor disturb whoever told: its error surfaces by itself.
 */

/** Listeners by event; `Events` maps each name to the arguments of its listeners. */
export class EventHub<Events extends { readonly [E in keyof Events]: readonly unknown[] }> {
  readonly #listeners: { [E in keyof Events]?: Set<(...args: Events[E]) => void> } = {};
  readonly #surface: (error: unknown) => void;

  /** `surface` gets what a listener throws; an unhandled rejection unless given, which ends a Node process. */
  constructor(surface: (error: unknown) => void = (error) => void Promise.reject(error)) {
    this.#surface = surface;
  }

  /** Calls `listener` at each `event` from now on. The same one is called once. */
  on<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): void {
    const listeners = this.#listeners[event] ?? new Set();
    this.#listeners[event] = listeners;
    listeners.add(listener);
  }

  off<E extends keyof Events>(event: E, listener: (...args: Events[E]) => void): void {
    this.#listeners[event]?.delete(listener);
  }

  /** Calls the listeners in the order in which they came. */
  emit<E extends keyof Events>(event: E, ...args: Events[E]): void {
    for (const listener of [...(this.#listeners[event] ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        this.#surface(error);
      }
    }
  }
}
