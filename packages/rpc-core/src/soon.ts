/** "As soon as the code that runs now has run": the one way of putting something off that needs no clock. */

const settled = Promise.resolve();

/** Runs `task` as promises run their reactions: in order, before anything that arrives from outside. */
export function soon(task: () => void): void {
  void settled.then(task);
}
