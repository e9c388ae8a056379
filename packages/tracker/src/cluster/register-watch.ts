/**
 * Whether the register answers, for the status: without trouble it is hardly ever asked, and its loss would be noticed
 * only when it is needed.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { Register } from '../register.ts';
import { CLUSTER_TIMES } from './options.ts';

export interface RegisterWatchOptions {
  readonly register: Register;
  readonly clock: Clock;
  /** The epoch that holds, so far as this tracker knows. */
  readonly epoch: () => number;
  readonly onFault: (reason: string) => void;
}

export class RegisterWatch {
  readonly #options: RegisterWatchOptions;
  #answers = true;
  #isClosed = false;
  #cancel: () => void = () => undefined;

  constructor(options: RegisterWatchOptions) {
    this.#options = options;
  }

  get answers(): boolean {
    return this.#answers;
  }

  start(): void {
    void this.#look();
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
  }

  async #look(): Promise<void> {
    const { register, clock, epoch, onFault } = this.#options;
    const leastEpoch = epoch();
    const outcome = await register.read();
    if (this.#isClosed) return;
    this.#answers = outcome.kind === 'current';
    if (outcome.kind === 'unknown') onFault(`The register cannot be used: ${outcome.why}`);
    else if (outcome.config.epoch < leastEpoch) {
      onFault(
        `The register says epoch ${outcome.config.epoch}, but was at ${leastEpoch} already: it was put back to an old copy`,
      );
    }
    this.#cancel = clock.schedule(CLUSTER_TIMES.registerProbeMs, () => void this.#look());
  }
}
