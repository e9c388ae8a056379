/**
 * The parts that let nobody in but members, put together: the guard decides, admissions remember it for each connection, the
 * desk speaks with the other peers, and the keeper with the trackers.
 *
 * It is there before the trackers are, because connections may come first; nobody is let in before a user is.
 */
import type { Clock, Connection } from '@minitorrent/rpc-core';
import type { Admission } from '../admission.ts';
import { Admissions } from '../admissions.ts';
import { MembershipGuard } from '../membership-guard.ts';
import { STRANGER_MS } from '../message-limits.ts';
import { MembershipDesk } from './membership-desk.ts';
import { MembershipKeeper, type MembershipKeeperOptions } from './membership-keeper.ts';

export interface MembershipGateOptions {
  readonly clock: Clock;
  /** The device ids of the trackers; undefined where the network proves nobody. */
  readonly trackerIds: readonly Uint8Array[] | undefined;
  readonly graceMs: number;
  /** How long a connection is kept whose other end is admitted to nothing; 30 s unless given. */
  readonly strangerMs?: number | undefined;
}

export class MembershipGate {
  readonly admission: Admission;
  readonly #guard: MembershipGuard;
  readonly #admissions: Admissions;
  readonly #desk: MembershipDesk;
  #keeper: MembershipKeeper | undefined;

  constructor({ clock, trackerIds, graceMs, strangerMs = STRANGER_MS }: MembershipGateOptions) {
    this.#guard = new MembershipGuard({ trackerIds, graceMs });
    this.#admissions = new Admissions({
      ...{ guard: this.#guard, clock, strangerMs },
      hasTracker: () => this.#keeper?.hasTracker === true,
    });
    this.#desk = new MembershipDesk({
      ...{ clock, admissions: this.#admissions },
      card: (groupId) => this.#keeper?.card(groupId),
      obtain: async (groupId, signal) => await this.#requireKeeper().obtain(groupId, signal),
    });
    this.admission = this.#desk;
  }

  /** Somebody has connected, who has some time to show that they are a member. */
  watch(connection: Connection): void {
    this.#admissions.watch(connection);
  }

  /** Begins to speak with trackers. Called once. */
  keep(options: Omit<MembershipKeeperOptions, 'guard' | 'admissions' | 'onRenewed'>): MembershipKeeper {
    this.#keeper = new MembershipKeeper({
      ...{ ...options, guard: this.#guard, admissions: this.#admissions },
      onRenewed: (groupId) => this.#desk.renewed(groupId),
    });
    return this.#keeper;
  }

  #requireKeeper(): MembershipKeeper {
    if (this.#keeper !== undefined) return this.#keeper;
    throw new TypeError('Cannot prove a membership: keep() was not called');
  }
}
