/**
 * Time as an argument: every deadline, keep-alive and rate in the project takes a `Clock`, so that tests and the
 * simulator run on a virtual one. Only the shells choose the system's.
 */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary origin: for intervals. */
  now(): number;
  /** Milliseconds since the Unix epoch: for what is written down. It may jump. */
  wallNow(): number;
  /** Runs `task` once after `delayMs`; the answer cancels it and may be called at any time. */
  schedule(delayMs: number, task: () => void): () => void;
}
