/** How long nobody, and how long somebody, got no write acknowledged after a fault. */
import type { Bell } from './bell.ts';

/** Far beyond what any fault may cost: a run in which nothing moves is not waited for. */
const HANG_MS = 120_000;

export interface Outage {
  /** Until a write was acknowledged that was asked for after the fault. */
  readonly firstMs: number;
  /** Until each client had one. */
  readonly everyMs: number;
}

export class Outages {
  readonly #clients: number;
  readonly #bell: Bell;
  #faultAtMs = Number.POSITIVE_INFINITY;
  readonly #acknowledgedAtMs = new Map<number, number>();

  constructor(clients: number, bell: Bell) {
    this.#clients = clients;
    this.#bell = bell;
  }

  /** When the last fault was; `performance.now()`. */
  get faultAtMs(): number {
    return this.#faultAtMs;
  }

  /** There is a fault now; those before it no longer count. */
  begin(): void {
    this.#faultAtMs = performance.now();
    this.#acknowledgedAtMs.clear();
  }

  acknowledged(client: number, askedAtMs: number): void {
    if (askedAtMs < this.#faultAtMs || this.#acknowledgedAtMs.has(client)) return;
    this.#acknowledgedAtMs.set(client, performance.now());
    this.#bell.ring();
  }

  /** Resolves when somebody's write was acknowledged that was asked for after the fault. */
  first(): Promise<void> {
    const what = 'a client gets a write acknowledged';
    return this.#bell.until(() => this.#acknowledgedAtMs.size > 0, { what, mostMs: HANG_MS });
  }

  /** Resolves when that is so of every client. */
  async every(): Promise<Outage> {
    const what = 'every client gets a write acknowledged';
    await this.#bell.until(() => this.#acknowledgedAtMs.size === this.#clients, { what, mostMs: HANG_MS });
    const times = [...this.#acknowledgedAtMs.values()].map((atMs) => Math.round(atMs - this.#faultAtMs));
    return { firstMs: Math.min(...times), everyMs: Math.max(...times) };
  }
}
