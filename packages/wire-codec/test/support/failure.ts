/** What a task fails with, for tests that look at more than the message. */
export function failureOf(task: () => unknown): unknown {
  try {
    task();
  } catch (error) {
    return error;
  }
  throw new Error('Expected a failure, there was none');
}
