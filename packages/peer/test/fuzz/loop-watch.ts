/**
 * How long a process kept its own event loop from turning, without what the machine took from it.
 *
 * A thread that wants to run and may not is not to blame; Linux counts that wait for each thread (`schedstat`). What is left
 * of a late turn was spent computing (and collecting garbage), or else waiting: for a disk, or for a machine that gives its
 * processors away without telling.
 */
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';

export interface LoopReport {
  /** The most that was computed in one late turn, ms. */
  readonly heldMs: number;
  /** The most of one turn that was neither computed nor accounted for by the system, ms. */
  readonly waitedMs: number;
  /** As `monitorEventLoopDelay` has it, ms. */
  readonly maxDelayMs: number;
  readonly p99DelayMs: number;
  /** The most that the machine took of one turn, ms. */
  readonly noiseMs: number;
}

const EVERY_MS = 5;

/** Time that the main thread of a process could have run and was not let, ms; 0 where the system does not tell. */
export function stolenMs(pid: number | 'self'): number {
  try {
    return Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[1]) / 1e6;
  } catch {
    return 0;
  }
}

export class LoopWatch {
  readonly #histogram = monitorEventLoopDelay({ resolution: EVERY_MS });
  readonly #timer: NodeJS.Timeout;
  #heldMs = 0;
  #waitedMs = 0;
  #noiseMs = 0;
  #cpu = process.threadCpuUsage();
  #at = performance.now();
  #stolen = stolenMs('self');

  constructor() {
    this.#histogram.enable();
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
    this.#timer.unref();
  }

  reset(): void {
    this.#histogram.reset();
    this.#heldMs = 0;
    this.#waitedMs = 0;
    this.#noiseMs = 0;
    this.#cpu = process.threadCpuUsage();
    this.#at = performance.now();
    this.#stolen = stolenMs('self');
  }

  report(): LoopReport {
    const toMs = (nanoseconds: number): number => nanoseconds / 1e6 - EVERY_MS;
    const { max } = this.#histogram;
    return {
      heldMs: this.#heldMs,
      waitedMs: this.#waitedMs,
      noiseMs: this.#noiseMs,
      maxDelayMs: toMs(max),
      p99DelayMs: toMs(this.#histogram.percentile(99)),
    };
  }

  #look(): void {
    const now = performance.now();
    const stolen = stolenMs('self');
    const lateMs = now - this.#at - EVERY_MS;
    const takenMs = stolen - this.#stolen;
    const { user, system } = process.threadCpuUsage(this.#cpu);
    const ownMs = lateMs - takenMs;
    const computedMs = Math.min(ownMs, (user + system) / 1_000);
    this.#heldMs = Math.max(this.#heldMs, computedMs);
    this.#waitedMs = Math.max(this.#waitedMs, ownMs - computedMs);
    this.#noiseMs = Math.max(this.#noiseMs, Math.min(takenMs, lateMs));
    this.#at = now;
    this.#stolen = stolen;
    this.#cpu = process.threadCpuUsage();
  }
}
