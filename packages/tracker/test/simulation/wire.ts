/** What becomes of the messages that one tracker sends: encoded, damaged, answered by somebody else, or cut off. */
import type { Codec } from '@minitorrent/wire-codec';
import { decode, encode } from '@minitorrent/wire-codec';
import type { SyncAnswer } from '../../src/messages.ts';
import { syncAnswer, syncRequest } from '../../src/messages.ts';
import type { ReplicationEffect } from '../../src/replication/events.ts';
import type { Chance } from './chance.ts';
import { damageAnswer, damageRequest } from './damage.ts';
import { bothWays } from './network.ts';
import { REGISTER } from './simulated-register.ts';
import { strangerAnswer } from './stranger.ts';
import type { World } from './world.ts';

/** One in so many answers comes from somebody else who listens at that address now. */
const ANSWERS_PER_STRANGER = 400;

export class Wire {
  readonly #machine: string;
  readonly #world: World;
  readonly #chance: Chance;

  constructor(machine: string, world: World, chance: Chance) {
    this.#machine = machine;
    this.#world = world;
    this.#chance = chance;
  }

  send(
    { to, message }: Extract<ReplicationEffect, { kind: 'send' }>,
    answered: (answer: SyncAnswer) => void,
  ): void {
    const { network, trackers, options, counts } = this.#world;
    const sent = this.#carry(syncRequest, damageRequest, message);
    const reply = (answer: SyncAnswer): void => network.send(to, this.#machine, () => answered(answer));
    const mayBeStrange = options.strangerEveryMs < options.faultsMs && !network.isHealed;
    if (mayBeStrange && this.#chance.oneIn(ANSWERS_PER_STRANGER)) {
      counts.strangers += 1;
      network.send(this.#machine, to, () => reply(strangerAnswer));
    } else network.send(this.#machine, to, () => trackers.get(to)?.receive(sent, reply));
  }

  /** An answer as it leaves this tracker. */
  answer(message: SyncAnswer): SyncAnswer {
    return this.#carry(syncAnswer, damageAnswer, message);
  }

  /** At times, when the register was asked to swap: the question is on its way, and the answer will not come. */
  cutOff(): void {
    const { network, trackers, options, counts } = this.#world;
    if (network.isHealed || !this.#chance.oneIn(options.swapsPerCut)) return;
    counts.partitions += 1;
    const others = [...trackers.keys()].filter((name) => name !== this.#machine);
    const ways = others.flatMap((name) => bothWays(this.#machine, name));
    network.cut(ways, { forMs: this.#chance.between(500, 5_000) });
    network.cut([[REGISTER, this.#machine]], { forMs: this.#chance.between(500, 10_000) });
  }

  #carry<T>(codec: Codec<T>, damage: (message: T, chance: Chance) => T | undefined, message: T): T {
    const { options, counts, network } = this.#world;
    const sent = options.encodes ? decode(codec, encode(codec, message).slice()) : message;
    if (network.isHealed || !this.#chance.perMille(options.damagePerMille)) return sent;
    const damaged = damage(sent, this.#chance);
    if (damaged !== undefined) counts.damaged += 1;
    return damaged ?? sent;
  }
}
