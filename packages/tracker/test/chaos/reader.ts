/**
 * A client that logs in at any tracker as somebody who was acknowledged before, and looks whether the tracker knows: what
 * a tracker does not mark as possibly stale has to be the truth.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { describe } from '../../src/errors.ts';
import { codeOf, connectTo, type FailoverOptions, PASSING, SILENCE_MS } from './failover-client.ts';
import type { KnownUser, Promises } from './promises.ts';

const PAUSE_MS = 50;
/** Of the users that were made last, one of so many: what is old is everywhere anyway. */
const RECENT = 50;

export interface ReaderOptions extends Omit<FailoverOptions, 'first' | 'onLogin' | 'onRetry'> {
  readonly promises: Promises;
}

export class Reader {
  readonly #options: ReaderOptions;

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  async run(isOver: () => boolean): Promise<void> {
    const { promises, signal } = this.#options;
    while (!isOver()) {
      await sleep(PAUSE_MS, undefined, { signal });
      const user = pick(promises.users.slice(-RECENT));
      if (user !== undefined) await this.#check(user);
    }
  }

  async #check(user: KnownUser): Promise<void> {
    const { promises, addresses, deviceId, signal } = this.#options;
    const address = pick(addresses);
    if (address === undefined) return;
    const groups = [...user.groups];
    const { userId, password } = user;
    try {
      const { tracker, connection } = await connectTo(address, this.#options);
      try {
        const request = { userId, password, deviceId };
        const answer = await tracker.login(request, { signal, timeoutMs: SILENCE_MS });
        promises.reads += 1;
        promises.loggedIn(userId);
        const own = new Set(answer.memberships.map(({ groupId }) => groupId));
        const missing = groups.filter((group) => !own.has(group));
        if (answer.mayBeStale || missing.length === 0) return;
        promises.violated(
          `${address.host} told ${userId} nothing of ${missing.join(', ')}, and not that it may be stale`,
        );
      } finally {
        connection.abort();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (PASSING.has(codeOf(error))) return;
      promises.violated(`${address.host} told ${userId} ${codeOf(error)}: ${describe(error)}`);
    }
  }
}

function pick<T>(items: readonly T[]): T | undefined {
  return items[Math.floor(Math.random() * items.length)];
}
