/** A client that makes users and groups, one after another, and remembers what it was told. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallOptions } from '@minitorrent/rpc-core';
import { describe } from '../../src/errors.ts';
import { fromHex, toHex } from '../../src/hex.ts';
import { codeOf, FailoverClient, type FailoverOptions, type TrackerClient } from './failover-client.ts';
import type { Outages } from './outages.ts';
import type { Promises, Write } from './promises.ts';

/** The mean pause between two writes: so that many clients are under way at any time, and not all are in a queue. */
const PAUSE_MS = 100;
const GROUPS_PER_USER = 5;
/** One write in so many is for a name that as many clients ask for at about the same time. */
const CONTENDED_ONE_IN = 4;

/** Names that several clients ask for. */
export class ContendedNames {
  #drawn = 0;

  next(): string {
    this.#drawn += 1;
    return `contended-${Math.ceil(this.#drawn / CONTENDED_ONE_IN)}`;
  }
}

export interface WriterOptions extends Omit<FailoverOptions, 'first' | 'onLogin' | 'onRetry'> {
  readonly number: number;
  readonly contended: ContendedNames;
  readonly promises: Promises;
  readonly outages: Outages;
}

export class Writer {
  readonly #options: WriterOptions;
  readonly #client: FailoverClient;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { promises, number, addresses } = options;
    this.#client = new FailoverClient({
      ...options,
      first: number % addresses.length,
      onRetry: (code) => promises.retried(code),
      onLogin: (userId) => promises.loggedIn(userId),
    });
  }

  async run(isOver: () => boolean): Promise<void> {
    try {
      for (let turn = 0; !isOver(); turn += 1)
        await this.#makeUser(`${this.#options.number}-${turn}`, isOver);
    } finally {
      this.#client.close();
    }
  }

  async #makeUser(id: string, isOver: () => boolean): Promise<void> {
    const user = this.#drawWrite('user', id, `the password of ${id}`);
    this.#client.become(undefined);
    if (!(await this.#write(user))) return;
    this.#client.become({ userId: user.name, password: user.owner });
    for (let group = 0; group < GROUPS_PER_USER && !isOver(); group += 1) {
      await this.#write(this.#drawWrite('group', `${id}-${group}`, user.name));
    }
  }

  #drawWrite(kind: Write['kind'], id: string, owner: string): Write {
    const isContended = Math.random() < 1 / CONTENDED_ONE_IN;
    const name = isContended ? this.#options.contended.next() : `only-${id}`;
    return { kind, name, owner, requestId: toHex(randomBytes(16)), isContended };
  }

  /** Whether the name is the client's now. */
  async #write(write: Write): Promise<boolean> {
    const { promises, outages, signal, number } = this.#options;
    await sleep(Math.random() * 2 * PAUSE_MS, undefined, { signal });
    try {
      const { askedAtMs } = await this.#client.call((tracker, options) => ask(tracker, write, options));
      promises.acknowledged(write);
      outages.acknowledged(number, askedAtMs);
      return true;
    } catch (error) {
      signal.throwIfAborted();
      const code = codeOf(error);
      if (code === `${write.kind}_exists`) promises.refuses(write);
      else promises.violated(`client ${number} was told ${code}: ${describe(error)}`);
      return false;
    }
  }
}

function ask(
  tracker: TrackerClient,
  { kind, name, owner, requestId: id }: Write,
  options: CallOptions,
): Promise<unknown> {
  const requestId = fromHex(id);
  if (kind === 'group') return tracker.create_group({ requestId, groupId: name }, options);
  return tracker.create_user({ requestId, userId: name, password: owner }, options);
}
