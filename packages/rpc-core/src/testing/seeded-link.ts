/**
 * The way between two hosts of the seeded network: how long bytes take, and what goes wrong.
 *
 * What affects when bytes arrive: the sender's uplink (one chunk after the other, all its connections together), the
 * delay and jitter of the way (order is kept), a silence on the way (bytes wait for its end, as TCP sends them again),
 * and the receiver's downlink.
 */
import type { Clock } from '../clock.ts';
import type { PipeEnd, Wire } from '../pipe.ts';
import type { Random } from '../random.ts';

/** How a way between two hosts behaves. */
export interface LinkConditions {
  /** One way, in milliseconds. */
  readonly delayMs: number;
  /** Up to so many milliseconds more, drawn for each chunk. */
  readonly jitterMs: number;
}

/** Something that carries so many bytes a second, one load after the other. */
export interface Pipeline {
  /** Milliseconds from now until `byteLength` bytes are through. */
  reserve(byteLength: number): number;
}

export function createPipeline(clock: Clock, bytesPerSecond: number): Pipeline {
  let freeAt = 0;
  return {
    reserve(byteLength) {
      if (bytesPerSecond === Number.POSITIVE_INFINITY) return 0;
      freeAt = Math.max(freeAt, clock.now()) + (byteLength / bytesPerSecond) * 1000;
      return freeAt - clock.now();
    },
  };
}

/** A way between two hosts, both directions. */
export interface Link {
  conditions: LinkConditions;
  readonly state: LinkState;
  readonly pipes: Set<PipeEnd>;
  /** Runs `task` now, or when a silence ends. */
  carry(task: () => void): void;
  change(state: LinkState): void;
}

/** `cut`: connections break and none can be made. `silent`: nothing arrives, nobody is told. */
export type LinkState = 'up' | 'cut' | 'silent';

export function createLink(conditions: LinkConditions): Link {
  let state: LinkState = 'up';
  let held: (() => void)[] = [];
  return {
    conditions,
    pipes: new Set(),
    get state() {
      return state;
    },
    carry(task) {
      if (state === 'silent') held.push(task);
      else task();
    },
    change(next) {
      state = next;
      if (state === 'silent') return;
      const tasks = held;
      held = [];
      for (const task of tasks) task();
    },
  };
}

/** What one direction of one connection runs over. */
export interface WireOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly link: Link;
  readonly uplink: Pipeline;
  readonly downlink: Pipeline;
  /** Told when a chunk arrives, for the trace. */
  readonly onArrived: (byteLength: number) => void;
}

/** One direction of one connection. */
export function createSeededWire(options: WireOptions): Wire {
  const { clock, random, link, uplink, downlink, onArrived } = options;
  const leave = createInOrder(clock);
  const travel = createInOrder(clock);
  const land = createInOrder(clock);
  let lastArrivalAt = 0;

  function travelOn(byteLength: number, arrived: () => void): void {
    lastArrivalAt = Math.max(lastArrivalAt, clock.now() + travelMs(link, random));
    const arrive = (): void => {
      onArrived(byteLength);
      arrived();
    };
    travel(lastArrivalAt - clock.now(), () => link.carry(() => land(downlink.reserve(byteLength), arrive)));
  }

  return {
    transmit(byteLength, sent, arrived) {
      leave(uplink.reserve(byteLength), () => {
        travelOn(byteLength, arrived);
        sent();
      });
    },
  };
}

/** Delay and jitter of one chunk. */
export function travelMs(link: Link, random: Random): number {
  const { delayMs, jitterMs } = link.conditions;
  return delayMs + (jitterMs === 0 ? 0 : (random.integer(1_000_001) / 1_000_000) * jitterMs);
}

/**
 * Runs tasks after their delays, in the order in which they were given even where rounding makes a later one due earlier;
 * without a delay and with nothing before it, at once.
 */
function createInOrder(clock: Clock): (delayMs: number, task: () => void) => void {
  const waiting: (() => void)[] = [];
  return (delayMs, task) => {
    if (delayMs === 0 && waiting.length === 0) {
      task();
      return;
    }
    waiting.push(task);
    clock.schedule(delayMs, () => waiting.shift()?.());
  };
}
