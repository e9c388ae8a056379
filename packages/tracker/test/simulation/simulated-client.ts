/**
 * Takes names, and asks who has them: tries one tracker after the other until one of them answers, a write with the same
 * request id each time.
 */
import { createUser } from '../../src/commands/accounts.ts';
import { isTrackerError } from '../../src/errors.ts';
import type { Chance } from './chance.ts';
import { Violation } from './invariants.ts';
import type { Machine, World, WriteAnswer } from './world.ts';

/** What to do with the answer when it arrives; undefined: look elsewhere. */
type Take = (() => void) | undefined;

/** Something that a client wants, and asks every tracker for alike. */
interface Errand {
  readonly what: string;
  readonly beganAt: number;
  readonly ask: (tracker: Machine, answered: (take: Take) => void) => void;
}

export class SimulatedClient {
  readonly name: string;
  /** Wants no more. */
  isStopping = false;
  readonly #world: World;
  readonly #chance: Chance;
  #errand: Errand | undefined;
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
    return this.#errand === undefined;
  }

  /** Wants something again. */
  start(): void {
    this.isStopping = false;
    this.begin();
  }

  begin(): void {
    if (this.isStopping || this.#errand !== undefined) return;
    if (this.#chance.oneIn(3)) {
      this.#errand = this.#reading();
      // Not where it is served best, but where what it is told may be old.
      this.#elsewhere(this.#errand);
    } else {
      this.#errand = this.#writing();
      this.#try(this.#errand);
    }
  }

  #writing(): Errand {
    this.#count += 1;
    // Few names, so that the clients get in each other's way.
    const userId = `user-${this.#chance.between(1, 400)}`;
    // Told apart from every other write; stands where the password's hash would.
    const owner = `${this.name}-${this.#count}`;
    const requestId = this.#chance.random.bytes(16);
    const command = createUser({ userId, passwordHash: owner, atMs: 1 });
    return {
      what: `the write of ${userId}`,
      beganAt: this.#world.time.now,
      ask: (tracker, answered) =>
        tracker.write(command, requestId, (reply) =>
          answered(reply.kind === 'elsewhere' ? undefined : () => this.#wrote(userId, owner, reply.answer)),
        ),
    };
  }

  #wrote(userId: string, owner: string, answer: WriteAnswer): void {
    const { invariants } = this.#world;
    try {
      answer();
    } catch (error) {
      if (!isTrackerError(error)) throw error;
      invariants.refuses(owner);
      return;
    }
    invariants.owns(userId, owner);
  }

  #reading(): Errand {
    const { invariants, time } = this.#world;
    const userId = this.#chance.pick(invariants.lastNames);
    const before = invariants.ownerOf(userId);
    return {
      what: `the read of ${userId}`,
      beganAt: time.now,
      ask: (tracker, answered) =>
        tracker.read(userId, (reply) => {
          if (reply.kind === 'elsewhere') answered(undefined);
          else answered(() => invariants.tells(reply.answer.by, userId, { ...reply.answer, before }));
        }),
    };
  }

  #try(errand: Errand): void {
    const { network, trackers, time } = this.#world;
    const to = this.#target;
    this.#tries += 1;
    const number = this.#tries;
    const isCurrent = (): boolean => this.#tries === number && this.#errand === errand;
    network.send(this.name, to, () => {
      const tracker = trackers.get(to);
      if (tracker === undefined) return;
      errand.ask(tracker, (take) => {
        network.send(to, this.name, () => {
          if (take !== undefined) this.#answered(errand, take);
          else if (isCurrent()) time.after(20, () => this.#elsewhere(errand));
        });
      });
    });
    time.after(this.#chance.between(300, 900), () => {
      if (isCurrent()) this.#elsewhere(errand);
    });
  }

  #answered(errand: Errand, take: () => void): void {
    if (this.#errand !== errand) return;
    this.#errand = undefined;
    const { time, options, wellSince } = this.#world;
    const tookMs = time.now - errand.beganAt;
    if (tookMs > options.boundMs && errand.beganAt > wellSince)
      throw new Violation(`${this.name} waited ${tookMs.toFixed(0)} ms for ${errand.what}`);
    take();
    time.after(this.#chance.between(5, 120), () => this.begin());
  }

  #elsewhere(errand: Errand): void {
    if (this.#errand !== errand) return;
    this.#target = this.#chance.pick([...this.#world.trackers.keys()]);
    this.#try(errand);
  }
}
