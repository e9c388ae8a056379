/** Messages between named places: lost, doubled, delayed past each other, and stopped by partitions of one or two ways. */
import type { Chance } from './chance.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { SimulationOptions } from './options.ts';
import type { VirtualTime } from './virtual-time.ts';

export type Way = readonly [from: string, to: string];

export class LossyNetwork {
  isHealed = false;
  readonly #time: VirtualTime;
  readonly #chance: Chance;
  readonly #options: SimulationOptions;
  readonly #counts: FaultCounts;
  /** How many partitions stop each way. */
  readonly #blocked = new Map<string, number>();

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

  /** Stops what is sent these ways for a while, from `fromMs` on. */
  cut(
    ways: readonly Way[],
    { fromMs = 0, forMs }: { readonly fromMs?: number; readonly forMs: number },
  ): void {
    for (const [from, to] of ways) {
      const way = `${from}>${to}`;
      this.#time.after(fromMs, () => this.#blocked.set(way, (this.#blocked.get(way) ?? 0) + 1));
      this.#time.after(fromMs + forMs, () => this.#blocked.set(way, (this.#blocked.get(way) ?? 0) - 1));
    }
  }

  heal(): void {
    this.isHealed = true;
  }

  #carry(from: string, to: string, arrive: () => void): void {
    this.#time.after(this.#delay(), () => {
      const isCut = !this.isHealed && (this.#blocked.get(`${from}>${to}`) ?? 0) > 0;
      if (isCut) this.#counts.stopped += 1;
      else arrive();
    });
  }

  #delay(): number {
    if (this.isHealed || !this.#chance.perMille(this.#options.slowPerMille))
      return this.#chance.between(1, 8);
    this.#counts.slow += 1;
    return this.#chance.between(20, 2_500);
  }
}

export function bothWays(a: string, b: string): readonly Way[] {
  return [
    [a, b],
    [b, a],
  ];
}
