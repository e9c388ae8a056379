/**
 * Who is admitted to which group over which connection, and until when.
 *
 * The guard says who is a member; here that is kept for each connection, so that a call costs one look, and ends by itself:
 * when a stamp ends, when no tracker is missed any more, and at once when a tracker tells that the device was removed.
 * Connections that others opened are closed when their other end is admitted to nothing for a while.
 */
import { type Clock, type Connection, RpcError } from '@minitorrent/rpc-core';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import type { Member, MembershipClaim, MembershipGuard, Revocation } from './membership-guard.ts';
import { STRANGER_MS } from './message-limits.ts';

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
  /** How long a connection is kept whose other end is admitted to nothing, milliseconds; 30 s unless given. */
  readonly strangerMs?: number;
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
  /** Begins to wait, where the connection is watched, until it is closed. */
  wait(): void;
  disarm(): void;
}

export class Admissions {
  readonly #options: AdmissionsOptions;
  readonly #guests = new Map<Connection, Guest>();

  constructor(options: AdmissionsOptions) {
    this.#options = options;
  }

  /**
   * The other end opened `connection`, and has so long to show that it is a member of something; as long again whenever it is
   * admitted to nothing any more. Then the connection is closed with `not_admitted`.
   */
  watch(connection: Connection): void {
    if (connection.signal.aborted) return;
    const { clock, strangerMs = STRANGER_MS } = this.#options;
    const guest = this.#guest(connection);
    guest.wait = () => {
      guest.disarm();
      guest.disarm = clock.schedule(strangerMs, () => connection.abort(unknownFor(strangerMs)));
    };
    guest.wait();
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
    for (const [connection, guest] of [...this.#guests]) {
      const hit = [...guest.entries.values()].filter(({ member }) => isHit(member));
      for (const { member } of hit) this.#end(guest, member.groupId, `${member.userId} was removed`);
      if (hit.length > 0) connection.abort(new RpcError('device_revoked', 'Cannot go on: you were removed'));
    }
  }

  /** Trackers can be reached again, or cannot: what ends when is another matter now. */
  trackersChanged(): void {
    const { clock, hasTracker } = this.#options;
    const mercyUntilMs = hasTracker() ? clock.wallNow() + MERCY_MS : 0;
    for (const guest of this.#guests.values()) {
      for (const entry of guest.entries.values()) {
        entry.mercyUntilMs = mercyUntilMs;
        this.#arm(guest, entry);
      }
    }
  }

  /** This peer is in that group no more; in none, unless it is named. */
  endAll(groupId?: string): void {
    for (const guest of this.#guests.values()) {
      for (const id of [...guest.entries.keys()])
        if (groupId === undefined || id === groupId) this.#end(guest, id, 'this peer left it');
    }
  }

  #guest(connection: Connection): Guest {
    const known = this.#guests.get(connection);
    if (known !== undefined) return known;
    const nothing = (): void => undefined;
    const guest: Guest = { entries: new Map(), refusals: 0, wait: nothing, disarm: nothing };
    const leave = (): void => {
      this.#guests.delete(connection);
      guest.wait = nothing;
      guest.disarm();
      for (const groupId of [...guest.entries.keys()]) this.#end(guest, groupId, 'it is gone');
    };
    this.#guests.set(connection, guest);
    connection.signal.addEventListener('abort', leave, { once: true });
    return guest;
  }

  #put(guest: Guest, member: Member): AbortSignal {
    const { entries } = guest;
    const { groupId, userId, deviceId } = member;
    const known = entries.get(groupId);
    // Another user of the same device or, where the network proves nobody, of any.
    const isSame = known?.member.userId === userId && isSameDevice(known.member.deviceId, deviceId);
    if (known !== undefined && !isSame) this.#end(guest, groupId, 'somebody else is there');
    const entry = entries.get(groupId) ?? {
      ...{ member, ending: new AbortController(), mercyUntilMs: 0 },
      disarm: () => undefined,
    };
    entry.member = member;
    entries.set(groupId, entry);
    guest.disarm();
    this.#arm(guest, entry);
    return entry.ending.signal;
  }

  #arm(guest: Guest, entry: Entry): void {
    const { clock } = this.#options;
    entry.disarm();
    const leftMs = this.#untilMs(entry) - clock.wallNow();
    const { groupId } = entry.member;
    if (leftMs < 0) this.#end(guest, groupId, 'the stamp has ended');
    else entry.disarm = clock.schedule(Math.min(leftMs + 1, LONGEST_WAIT_MS), () => this.#arm(guest, entry));
  }

  #untilMs({ member, mercyUntilMs }: Entry): number {
    const { guard, hasTracker } = this.#options;
    const hasOne = hasTracker();
    const untilMs = guard.untilMs(member, { hasTracker: hasOne });
    if (!hasOne) return untilMs;
    return Math.max(untilMs, Math.min(mercyUntilMs, guard.untilMs(member, { hasTracker: false })));
  }

  #end(guest: Guest, groupId: string, why: string): void {
    const entry = guest.entries.get(groupId);
    guest.entries.delete(groupId);
    if (guest.entries.size === 0) guest.wait();
    entry?.disarm();
    entry?.ending.abort(new RpcError('not_admitted', `Cannot go on with ${groupId}: ${why}`));
  }

  #refused(connection: Connection, guest: Guest, error: RpcError): RpcError {
    guest.refusals += 1;
    if (guest.refusals >= MAX_REFUSALS) connection.abort(error);
    return error;
  }
}

function unknownFor(ms: number): RpcError {
  return new RpcError(
    'not_admitted',
    `Cannot keep this connection: nobody has shown a membership over it for ${ms} ms`,
  );
}
