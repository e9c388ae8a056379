/** The real register cell behind the lossy network: answers late, twice or never, and is away at times. */
import type { Config, ReadOutcome, SwapOutcome } from '../../src/register.ts';
import { RegisterCell } from '../../src/register.ts';
import type { Chance } from './chance.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { LossyNetwork } from './network.ts';

export const REGISTER = 'register';

export class SimulatedRegister {
  isDown = false;
  cell: RegisterCell = new RegisterCell();
  readonly #copies: Config[] = [];
  #lostEpoch = 0;
  readonly counts: FaultCounts;
  readonly #network: LossyNetwork;

  constructor(network: LossyNetwork, counts: FaultCounts) {
    this.#network = network;
    this.counts = counts;
  }

  /** What it lost by going back no longer shows in its epoch. */
  get hasCaughtUp(): boolean {
    return this.cell.config.epoch >= this.#lostEpoch;
  }

  read(from: string, answered: (outcome: ReadOutcome) => void): void {
    this.#call(from, () => ({ kind: 'current', config: this.cell.config }) as const, answered);
  }

  swap(
    from: string,
    swap: { readonly expectedEpoch: number; readonly config: Config },
    answered: (outcome: SwapOutcome) => void,
  ): void {
    // Those that are done and whose answer never comes are what is left in the end.
    const { counts } = this;
    let isOpen = false;
    const swapIt = (): SwapOutcome => {
      const outcome = this.cell.compareAndSwap(swap.expectedEpoch, swap.config);
      if (outcome.kind === 'ok') {
        this.#copies.push(swap.config);
        isOpen = true;
        counts.unknownSwaps += 1;
      }
      return outcome;
    };
    this.#call(from, swapIt, (outcome) => {
      if (isOpen) counts.unknownSwaps -= 1;
      isOpen = false;
      answered(outcome);
    });
  }

  /** As the planted one comes back: with nothing. */
  restartEmpty(): void {
    this.cell = new RegisterCell();
  }

  /** Comes back as it was some swaps ago, where there were some. */
  restoreOldCopy(chance: Chance): boolean {
    const older = this.#copies.filter(({ epoch }) => epoch < this.cell.config.epoch);
    if (older.length === 0) return false;
    this.#lostEpoch = Math.max(this.#lostEpoch, this.cell.config.epoch);
    this.cell = new RegisterCell(chance.pick(older));
    return true;
  }

  #call<T>(from: string, work: () => T, answered: (outcome: T) => void): void {
    this.#network.send(from, REGISTER, () => {
      if (this.isDown) return;
      const outcome = work();
      this.#network.send(REGISTER, from, () => answered(outcome));
    });
  }
}
