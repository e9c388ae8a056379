/** A fault under way: who it meets, and what can be done to them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Outages } from './outages.ts';
import type { Fault } from './plan.ts';
import { primaryOf, type Scene } from './scene.ts';
import type { TrackerSeat } from './tracker-seat.ts';

export interface FaultParts {
  readonly scene: Scene;
  readonly outages: Outages;
  readonly signal: AbortSignal;
  /** Told of every process that is killed. */
  readonly onKill: (name: string) => void;
}

export class Broken {
  readonly fault: Fault;
  readonly primary: TrackerSeat;
  readonly backup: TrackerSeat;
  readonly #parts: FaultParts;

  constructor(fault: Fault, parts: FaultParts) {
    this.fault = fault;
    this.#parts = parts;
    this.primary = primaryOf(parts.scene) ?? this.trackerAt(fault.which);
    this.backup = this.trackerAt(this.scene.trackers.indexOf(this.primary) + 1);
  }

  get scene(): Scene {
    return this.#parts.scene;
  }

  trackerAt(number: number): TrackerSeat {
    const { trackers } = this.scene;
    const tracker = trackers[number % trackers.length];
    if (tracker === undefined) throw new RangeError('There are no trackers');
    return tracker;
  }

  /** What the clients notice is measured from now on. */
  begins(): void {
    this.#parts.outages.begin();
  }

  sleep(ms: number): Promise<void> {
    return sleep(ms, undefined, { signal: this.#parts.signal });
  }

  /** Resolves when somebody can write again. */
  untilWritten(): Promise<void> {
    return this.#parts.outages.first();
  }

  /** Resolves when the tracker decides, and after that time where it does not. */
  async untilLeads(tracker: TrackerSeat, { mostMs }: { readonly mostMs: number }): Promise<void> {
    const endMs = performance.now() + mostMs;
    while (tracker.role !== 'primary' && performance.now() < endMs) await this.sleep(50);
  }

  async kill(...processes: readonly { readonly name: string; kill(): Promise<void> }[]): Promise<void> {
    for (const { name } of processes) this.#parts.onKill(name);
    await Promise.all(processes.map((one) => one.kill()));
  }
}
