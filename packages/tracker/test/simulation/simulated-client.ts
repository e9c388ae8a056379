/** Takes names: tries one tracker after the other with the same request id until one of them answers. */
import { createUser } from '../../src/commands/accounts.ts';
import type { Chance } from './chance.ts';
import type { Reply, World } from './simulated-tracker.ts';
import { isRefusal } from './simulated-tracker.ts';

interface Attempt {
  readonly userId: string;
  /** Told apart from every other attempt; stands where the password's hash would. */
  readonly owner: string;
  readonly requestId: Uint8Array;
}

export class SimulatedClient {
  readonly name: string;
  /** Wants no more. */
  isStopping = false;
  readonly #world: World;
  readonly #chance: Chance;
  #attempt: Attempt | undefined;
  #tries = 0;
  #target: string;
  #count = 0;

  constructor(name: string, world: World, chance: Chance) {
    this.name = name;
    this.#world = world;
    this.#chance = chance;
    this.#target = chance.pick([...world.trackers.keys()]);
  }

  get isIdle(): boolean {
    return this.#attempt === undefined;
  }

  begin(): void {
    if (this.isStopping) return;
    this.#count += 1;
    this.#attempt = {
      // Few names, so that the clients get in each other's way.
      userId: `user-${this.#chance.between(1, 400)}`,
      owner: `${this.name}-${this.#count}`,
      requestId: this.#chance.random.bytes(16),
    };
    this.#try(this.#attempt);
  }

  #try(attempt: Attempt): void {
    const { network, trackers, time } = this.#world;
    const to = this.#target;
    this.#tries += 1;
    const number = this.#tries;
    const isCurrent = (): boolean => this.#tries === number && this.#attempt === attempt;
    const command = createUser({ userId: attempt.userId, passwordHash: attempt.owner, atMs: 1 });
    network.send(this.name, to, () => {
      trackers.get(to)?.write(command, attempt.requestId, (reply) => {
        network.send(to, this.name, () => {
          if (this.#attempt === attempt) this.#answered(attempt, reply, isCurrent());
        });
      });
    });
    time.after(this.#chance.between(300, 900), () => {
      if (isCurrent()) this.#elsewhere(attempt);
    });
  }

  #answered(attempt: Attempt, reply: Reply, isCurrent: boolean): void {
    if (reply.kind === 'elsewhere') {
      if (isCurrent) this.#world.time.after(20, () => this.#elsewhere(attempt));
      return;
    }
    this.#attempt = undefined;
    try {
      reply.answer();
      this.#world.invariants.owns(attempt.userId, attempt.owner);
    } catch (error) {
      if (!isRefusal(error)) throw error;
    }
    this.#world.time.after(this.#chance.between(5, 120), () => this.begin());
  }

  #elsewhere(attempt: Attempt): void {
    if (this.#attempt !== attempt) return;
    this.#target = this.#chance.pick([...this.#world.trackers.keys()]);
    this.#try(attempt);
  }
}
