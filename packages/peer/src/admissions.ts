/**
 * Who is admitted to which group over which connection, and until when.
 *
 * The guard says who is a member; here that is kept for each connection, so that a call costs one look, and ends by itself:
 * when a stamp ends, when no tracker is missed any more, and at once when a tracker tells that the device was removed.
 */
import { type Clock, type Connection, RpcError } from '@minitorrent/rpc-core';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import type { Member, MembershipClaim, MembershipGuard, Revocation } from './membership-guard.ts';

/** A tracker can be reached again: so long have all to fetch stamps that need no grace. */
const MERCY_MS = 30_000;
/** Longer waits are cut into these, because a machine may sleep and its clock be set. */
const LONGEST_WAIT_MS = 60_000;
/** Who was refused so often over one connection tries what cannot be known; each try costs some signatures to check. */
const MAX_REFUSALS = 10;

export interface AdmissionsOptions {
  readonly guard: MembershipGuard;
  readonly clock: Clock;
  /** Whether a tracker that gives stamps can be reached. */
  hasTracker(): boolean;
}

interface Entry {
  member: Member;
  /** Aborts when it ends. */
  readonly ending: AbortController;
  /** Until when a stamp that ended during the grace goes on, milliseconds since the Unix epoch. */
  mercyUntilMs: number;
  disarm(): void;
}

interface Guest {
  /** By group. */
  readonly entries: Map<string, Entry>;
  refusals: number;
}

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #guests = new Map<Connection, Guest>();

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /**
   * The other end of `connection` shows that it is a member: it is admitted from now on, or for longer. Fails with the code
   * of the refusal, which takes nothing from what was admitted before.
   */
  admit(connection: Connection, claim: MembershipClaim): AbortSignal {
    const { guard, clock, hasTracker } = this.#options;
    // What is kept for it would never go.
    if (connection.signal.aborted)
      throw new RpcError(
        'not_admitted',
        `Cannot admit this device to ${claim.groupId}: its connection is gone`,
      );
    const guest = this.#guest(connection);
    const deviceId = connection.remote.remoteIdentity;
    const when = { nowMs: clock.wallNow(), hasTracker: hasTracker() };
    const verdict = guard.check({ ...claim, deviceId }, when);
    if (verdict.kind === 'refused') {
      const message = `Cannot admit this device to ${claim.groupId}: ${verdict.reason}`;
      throw this.#refused(connection, guest, new RpcError(verdict.code, message));
    }
    // Who is in one of this user's groups is no stranger: from now on messages may be as long as the contracts say.
    connection.authenticate();
    return this.#put(guest, verdict.member);
  }

  /** Aborts with `not_admitted` when it ends; fails with that where the other end is not admitted to the group. */
  require(connection: Connection, groupId: string): AbortSignal {
    const signal = this.find(connection, groupId);
    if (signal !== undefined) return signal;
    throw new RpcError('not_admitted', `Cannot serve anything of ${groupId} before present_membership`);
  }

  /** The same, or undefined. */
  find(connection: Connection, groupId: string): AbortSignal | undefined {
    const entry = this.#guests.get(connection)?.entries.get(groupId);
    if (entry === undefined || this.#options.clock.wallNow() > this.#untilMs(entry)) return undefined;
    return entry.ending.signal;
  }

  /** The connections whose other end is admitted to the group. */
  connectionsOf(groupId: string): Connection[] {
    return [...this.#guests.keys()].filter((connection) => this.find(connection, groupId) !== undefined);
  }

  /** These devices were removed: whoever hangs on a grant that is void now is cut off at once. */
  revoke(revocation: Revocation): void {
    const isHit = this.#options.guard.revoke(revocation);
    for (const [connection, { entries }] of [...this.#guests]) {
      const hit = [...entries.values()].filter(({ member }) => isHit(member));
      for (const { member } of hit) this.#end(entries, member.groupId, `${member.userId} was removed`);
      if (hit.length > 0) connection.abort(new RpcError('device_revoked', 'Cannot go on: you were removed'));
    }
  }

  /** Trackers can be reached again, or cannot: what ends when is another matter now. */
  trackersChanged(): void {
    const { clock, hasTracker } = this.#options;
    const mercyUntilMs = hasTracker() ? clock.wallNow() + MERCY_MS : 0;
    for (const { entries } of this.#guests.values()) {
      for (const entry of entries.values()) {
        entry.mercyUntilMs = mercyUntilMs;
        this.#arm(entries, entry);
      }
    }
  }

  /** This peer is in that group no more; in none, unless it is named. */
  endAll(groupId?: string): void {
    for (const { entries } of this.#guests.values()) {
      for (const id of [...entries.keys()])
        if (groupId === undefined || id === groupId) this.#end(entries, id, 'this peer left it');
    }
  }

  #guest(connection: Connection): Guest {
    const known = this.#guests.get(connection);
    if (known !== undefined) return known;
    const guest: Guest = { entries: new Map(), refusals: 0 };
    const leave = (): void => {
      this.#guests.delete(connection);
      for (const groupId of [...guest.entries.keys()]) this.#end(guest.entries, groupId, 'it is gone');
    };
    this.#guests.set(connection, guest);
    connection.signal.addEventListener('abort', leave, { once: true });
    return guest;
  }

  #put({ entries }: Guest, member: Member): AbortSignal {
    const { groupId, userId, deviceId } = member;
    const known = entries.get(groupId);
    // Another user of the same device or, where the network proves nobody, of any.
    const isSame = known?.member.userId === userId && isSameDevice(known.member.deviceId, deviceId);
    if (known !== undefined && !isSame) this.#end(entries, groupId, 'somebody else is there');
    const entry = entries.get(groupId) ?? {
      ...{ member, ending: new AbortController(), mercyUntilMs: 0 },
      disarm: () => undefined,
    };
    entry.member = member;
    entries.set(groupId, entry);
    this.#arm(entries, entry);
    return entry.ending.signal;
  }

  #arm(entries: Map<string, Entry>, entry: Entry): void {
    const { clock } = this.#options;
    entry.disarm();
    const leftMs = this.#untilMs(entry) - clock.wallNow();
    const { groupId } = entry.member;
    if (leftMs < 0) this.#end(entries, groupId, 'the stamp has ended');
    else
      entry.disarm = clock.schedule(Math.min(leftMs + 1, LONGEST_WAIT_MS), () => this.#arm(entries, entry));
  }

  #untilMs({ member, mercyUntilMs }: Entry): number {
    const { guard, hasTracker } = this.#options;
    const hasOne = hasTracker();
    const untilMs = guard.untilMs(member, { hasTracker: hasOne });
    if (!hasOne) return untilMs;
    return Math.max(untilMs, Math.min(mercyUntilMs, guard.untilMs(member, { hasTracker: false })));
  }

  #end(entries: Map<string, Entry>, groupId: string, why: string): void {
    const entry = entries.get(groupId);
    entries.delete(groupId);
    entry?.disarm();
    entry?.ending.abort(new RpcError('not_admitted', `Cannot go on with ${groupId}: ${why}`));
  }

  #refused(connection: Connection, guest: Guest, error: RpcError): RpcError {
    guest.refusals += 1;
    if (guest.refusals >= MAX_REFUSALS) connection.abort(error);
    return error;
  }
}
