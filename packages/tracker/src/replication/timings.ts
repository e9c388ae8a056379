/** The times of replication, each with its reason. They are measured on a monotonic clock, which may drift. */

export interface Timings {
  /** The primary speaks to every tracker at least this often: four times within `silenceMs`. */
  readonly heartbeatMs: number;
  /** A request without an answer for this long is made again; the old answer is ignored when it comes. */
  readonly answerMs: number;
  /** A backup that is silent for this long is taken out of the in-sync set; reads rest on answers younger than it. */
  readonly silenceMs: number;
  /**
   * A primary that is silent for this long may be replaced. More than twice `silenceMs`, so that its reads have ended even
   * where its clock is a third slower than the one that measures this, and that one jumped ahead once.
   */
  readonly takeoverMs: number;
  /** A step of the clock that is longer counts as this: this process was paused, or the clock jumped. */
  readonly longestStepMs: number;
  /** At most so much is added to `takeoverMs` by lot, so that two backups seldom try at the same time. */
  readonly takeoverSpreadMs: number;
  /** The register is asked again after this long; also the most that one question to it may take. */
  readonly registerMs: number;
}

export const TIMINGS: Timings = {
  heartbeatMs: 250,
  answerMs: 400,
  silenceMs: 1_000,
  takeoverMs: 2_100,
  longestStepMs: 500,
  takeoverSpreadMs: 400,
  registerMs: 400,
};
