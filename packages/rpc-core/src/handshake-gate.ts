/**
 * How many may be in the middle of a handshake, in all and from one address. Whoever is one too many is refused, for a
 * queue would be one more thing to fill.
 */
import { createCounter } from './counter.ts';
import { sourceOf } from './source.ts';
import type { TlsLimits } from './tls-limits.ts';

export interface HandshakeGate {
  /** Lets one from `host` in; the answer lets them out again, once. Undefined where there is no room. */
  enter(host: string): (() => void) | undefined;
}

export function createHandshakeGate(limits: TlsLimits): HandshakeGate {
  const sources = createCounter();
  let total = 0;
  return {
    enter(host) {
      const source = sourceOf(host);
      if (total >= limits.handshakes || sources.count(source) >= limits.handshakesPerAddress)
        return undefined;
      total++;
      sources.add(source);
      let isInside = true;
      return () => {
        if (!isInside) return;
        isInside = false;
        total--;
        sources.remove(source);
      };
    },
  };
}
