/** Waits until no promise is left to settle, which only the event loop knows. */

/** Resolves when every microtask that is due, and every one that those lead to, has run. */
export function drainMicrotasks(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
