/**
 * Where peers show each other that they belong to a group: this one first where it opened the connection or has a newer
 * stamp, and in answer where the other one does. Neither names a file before it has looked at the other's card.
 */
import type { Clock, Connection } from '@minitorrent/rpc-core';
import createDebug from 'debug';
import type { Admission, MembershipCard } from '../admission.ts';
import type { Admissions } from '../admissions.ts';
import { peerContract } from '../contract.ts';
import type { MembershipClaim } from '../membership-guard.ts';
import { untilAborted } from '../waiting.ts';

const log = createDebug('minitorrent:peer:membership');

/** Looking at a card is a millisecond's work. */
const PRESENT_MS = 5_000;
/** What was shown is not shown again within this time; later it is, because the other side may have ended it. */
const KEPT_MS = 30_000;

export interface MembershipDeskOptions {
  readonly clock: Clock;
  readonly admissions: Admissions;
  /** What this device can show at once. */
  card(groupId: string): MembershipCard | undefined;
  /** The same, asked for where it is not there or has ended. Fails with `not_admitted`. */
  obtain(groupId: string, signal: AbortSignal): Promise<MembershipCard>;
}

/** What was shown over a connection. */
interface Shown {
  readonly card: MembershipCard;
  readonly atMs: number;
  readonly done: Promise<AbortSignal>;
  isDone: boolean;
}

export class MembershipDesk implements Admission {
  readonly #options: MembershipDeskOptions;
  readonly #shown = new WeakMap<Connection, Map<string, Shown>>();

  constructor(options: MembershipDeskOptions) {
    this.#options = options;
  }

  async enter(connection: Connection, groupId: string, signal: AbortSignal): Promise<AbortSignal> {
    const card = await this.#options.obtain(groupId, signal);
    const known = this.#known(connection, groupId, card);
    return await untilAborted(known ?? this.#show(connection, groupId, card), signal);
  }

  require(connection: Connection, groupId: string): AbortSignal {
    return this.#options.admissions.require(connection, groupId);
  }

  async present(
    connection: Connection,
    claim: MembershipClaim,
    signal: AbortSignal,
  ): Promise<MembershipCard> {
    const { admissions, obtain } = this.#options;
    admissions.admit(connection, claim);
    // Nobody but a member has this device ask a tracker.
    return await obtain(claim.groupId, signal);
  }

  /** This device has something newer to show of itself: everybody who is in the group sees it before what they saw ends. */
  renewed(groupId: string): void {
    const { admissions, card } = this.#options;
    const own = card(groupId);
    if (own === undefined) return;
    for (const connection of admissions.connectionsOf(groupId))
      this.#show(connection, groupId, own).catch((error: unknown) =>
        log('cannot show a newer stamp: %s', String(error)),
      );
  }

  #known(connection: Connection, groupId: string, card: MembershipCard): Promise<AbortSignal> | undefined {
    const { admissions, clock } = this.#options;
    const shown = this.#shown.get(connection)?.get(groupId);
    if (shown === undefined || shown.card !== card || clock.now() > shown.atMs + KEPT_MS) return undefined;
    const isEnded = shown.isDone && admissions.find(connection, groupId) === undefined;
    return isEnded ? undefined : shown.done;
  }

  /** Shows `card`, and looks at what comes back. */
  #show(connection: Connection, groupId: string, card: MembershipCard): Promise<AbortSignal> {
    const done = this.#exchange(connection, groupId, card);
    const shown = this.#shown.get(connection) ?? new Map<string, Shown>();
    this.#shown.set(connection, shown);
    const entry: Shown = { card, atMs: this.#options.clock.now(), done, isDone: false };
    shown.set(groupId, entry);
    done.then(
      () => {
        entry.isDone = true;
      },
      () => {
        if (shown.get(groupId) === entry) shown.delete(groupId);
      },
    );
    return done;
  }

  async #exchange(connection: Connection, groupId: string, card: MembershipCard): Promise<AbortSignal> {
    const client = connection.client(peerContract);
    const answer = await client.present_membership({ groupId, ...card }, { timeoutMs: PRESENT_MS });
    return this.#options.admissions.admit(connection, { ...answer, groupId });
  }
}
