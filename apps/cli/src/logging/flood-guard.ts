/**
 * Keeps one event that comes by the thousand from filling a log: after so many lines within a window the rest is left
 * out, and counted for the next line. Pure: time comes in as an argument.
 */

/** A person reads fewer, and metrics count them all. */
const LINES_PER_WINDOW = 100;
const WINDOW_MS = 10_000;

/**
 * `write`: with how many lines of this event were left out before it. `announce`: the first that is left out; say so.
 * `skip`: left out.
 */
export type Verdict =
  | { readonly kind: 'write'; readonly leftOut: number }
  | { readonly kind: 'announce'; readonly forMs: number }
  | { readonly kind: 'skip' };

export interface FloodGuard {
  judge(event: string, now: number): Verdict;
}

interface Window {
  readonly endsAt: number;
  lines: number;
}

/** One window for each event; the names of events are few. */
export function createFloodGuard(): FloodGuard {
  const windows = new Map<string, Window>();
  return {
    judge(event, now) {
      const current = windows.get(event);
      if (current === undefined || now >= current.endsAt) {
        windows.set(event, { endsAt: now + WINDOW_MS, lines: 1 });
        return { kind: 'write', leftOut: Math.max(0, (current?.lines ?? 0) - LINES_PER_WINDOW) };
      }
      current.lines += 1;
      if (current.lines <= LINES_PER_WINDOW) return { kind: 'write', leftOut: 0 };
      const isFirst = current.lines === LINES_PER_WINDOW + 1;
      return isFirst ? { kind: 'announce', forMs: current.endsAt - now } : { kind: 'skip' };
    },
  };
}
