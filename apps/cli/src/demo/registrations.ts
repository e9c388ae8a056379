/**
 * A burst of registrations, one after the other, that goes on while trackers die: what was answered, and how long the
 * longest wait was.
 */
import { randomUUID } from 'node:crypto';
import type { Clock } from '@minitorrent/rpc-core';
import type { DemoProcess } from './demo-process.ts';

/** A user whose creation was acknowledged. */
export interface Registered {
  readonly userId: string;
  readonly password: string;
}

export interface Registrations {
  /** Acknowledged so far. */
  readonly all: readonly Registered[];
  /** The longest time between two acknowledgements, in milliseconds. */
  readonly longestWaitMs: number;
  /** Registers nobody any more; resolves when the last one is answered. */
  stop(): Promise<void>;
}

/** Begins; a registration that fails shows when it is stopped. */
export function startRegistrations(peer: DemoProcess, clock: Clock): Registrations {
  const all: Registered[] = [];
  let longestWaitMs = 0;
  let isStopping = false;

  const run = async (): Promise<void> => {
    while (!isStopping) {
      const askedMs = clock.now();
      const user = { userId: `guest-${all.length + 1}`, password: randomUUID() };
      await peer.run('create_user', [user.userId], [user.password]);
      longestWaitMs = Math.max(longestWaitMs, clock.now() - askedMs);
      all.push(user);
    }
  };
  const running = run();
  // Whoever stops it hears of it.
  running.catch(() => undefined);
  return {
    all,
    get longestWaitMs() {
      return longestWaitMs;
    },
    stop() {
      isStopping = true;
      return running;
    },
  };
}
