/** Messages between named places: lost, doubled, delayed past each other, and stopped by partitions of one or two ways. */
import type { Chance } from './chance.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { SimulationOptions } from './options.ts';
import type { VirtualTime } from './virtual-time.ts';

export class LossyNetwork {
  isHealed = false;
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #options: SimulationOptions;
  readonly #counts: FaultCounts;
  readonly #blocked = new Set<string>();

  constructor(parts: {
    time: VirtualTime;
    chance: Chance;
    options: SimulationOptions;
    counts: FaultCounts;
  }) {
    this.#time = parts.time;
    this.#chance = parts.chance;
    this.#options = parts.options;
    this.#counts = parts.counts;
  }

  /** Calls `arrive` once, later, several times or never. */
  send(from: string, to: string, arrive: () => void): void {
    const { lossPerMille, duplicatePerMille } = this.#options;
    if (!this.isHealed) {
      if (this.#chance.perMille(lossPerMille)) {
        this.#counts.lost += 1;
        return;
      }
      if (this.#chance.perMille(duplicatePerMille)) {
        this.#counts.doubled += 1;
        this.#carry(from, to, arrive);
      }
    }
    this.#carry(from, to, arrive);
  }

  block(from: string, to: string): void {
    this.#blocked.add(`${from}>${to}`);
  }

  unblock(from: string, to: string): void {
    this.#blocked.delete(`${from}>${to}`);
  }

  heal(): void {
    this.isHealed = true;
    this.#blocked.clear();
  }

  #carry(from: string, to: string, arrive: () => void): void {
    this.#time.after(this.#delay(), () => {
      if (!this.#blocked.has(`${from}>${to}`)) arrive();
      else this.#counts.stopped += 1;
    });
  }

  #delay(): number {
    if (this.isHealed || !this.#chance.perMille(this.#options.slowPerMille))
      return this.#chance.between(1, 8);
    this.#counts.slow += 1;
    return this.#chance.between(20, 2_500);
  }
}
