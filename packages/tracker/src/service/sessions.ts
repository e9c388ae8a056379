/**
 * Which user, on which device, a connection belongs to: the one place that knows.
 *
 * A connection has no session until it logs in or resumes one, and again none after it logged out. A user may have several devices
 * online, a device several connections.
 */
import type { Client, Connection } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { trackerCallbacks } from '../contract.ts';
import { deviceIdOf, deviceKey } from '../device-key.ts';
import { TrackerError } from '../errors.ts';

/** A connection that is logged in. */
export interface Session {
  readonly connection: Connection;
  readonly userId: string;
  /** See `deviceKey`. */
  readonly device: string;
  /** Calls the peer at the other end. */
  readonly peer: Client<typeof trackerCallbacks>;
}

export class Sessions {
  readonly #connectionsPerDevice: number;
  readonly #byConnection = new Map<Connection, Session>();
  /** In the order of their logins. */
  readonly #byUser = new Map<string, Set<Session>>();

  /** Their connections get one more answer, though the session may be ended: they revoke themselves. */
  readonly lasting: WeakSet<Session> = new WeakSet<Session>();

  constructor(limits: { readonly connectionsPerDevice: number }) {
    this.#connectionsPerDevice = limits.connectionsPerDevice;
  }

  get size(): number {
    return this.#byConnection.size;
  }

  find(connection: Connection): Session | undefined {
    return this.#byConnection.get(connection);
  }

  /** The session, or `not_logged_in`. */
  require(connection: Connection): Session {
    const session = this.find(connection);
    if (session !== undefined) return session;
    throw notLoggedIn();
  }

  /** Who asks over this connection, and on which device, for what a change says of that; or `not_logged_in`. */
  requireAsker(connection: Connection): { readonly userId: string; readonly byDevice: Uint8Array } {
    const { userId, device } = this.require(connection);
    return { userId, byDevice: deviceIdOf(device) };
  }

  /** Nothing while that session goes on, or `not_logged_in`: to be asked again by whoever waited. */
  requireStill(session: Session): void {
    if (this.find(session.connection) !== session) throw notLoggedIn();
  }

  /** Fails with `already_logged_in` when the connection has a session. */
  requireNone(connection: Connection): void {
    const session = this.find(connection);
    if (session === undefined) return;
    throw new TrackerError('already_logged_in', `You are logged in as ${session.userId}; log out first`);
  }

  /** Begins a session. Of too many connections of the device the oldest is closed: it is the likeliest to be dead. */
  begin(connection: Connection, userId: string, deviceId: Uint8Array): Session {
    this.requireNone(connection);
    const device = deviceKey(userId, deviceId);
    const session: Session = { connection, userId, device, peer: connection.client(trackerCallbacks) };
    this.#byConnection.set(connection, session);
    const all = this.#byUser.get(userId) ?? new Set<Session>();
    this.#byUser.set(userId, all.add(session));
    const [oldest, ...others] = this.ofDevice(session);
    if (oldest !== undefined && others.length >= this.#connectionsPerDevice) {
      this.end(oldest.connection);
      oldest.connection.abort(
        new RpcError('replaced', 'Newer connections of this device took the place of this one'),
      );
    }
    return session;
  }

  /** Ends the connection's session, if it has one, and answers it. */
  end(connection: Connection): Session | undefined {
    const session = this.#byConnection.get(connection);
    if (session === undefined) return undefined;
    this.#byConnection.delete(connection);
    const all = this.#byUser.get(session.userId);
    all?.delete(session);
    if (all?.size === 0) this.#byUser.delete(session.userId);
    return session;
  }

  ofUser(userId: string): readonly Session[] {
    return [...(this.#byUser.get(userId) ?? [])];
  }

  /** Ends all sessions on a device, given by its `deviceKey`, and answers them. */
  endDevice(userId: string, device: string): readonly Session[] {
    const ended = this.ofDevice({ userId, device });
    for (const { connection } of ended) this.end(connection);
    return ended;
  }

  /** All sessions, to look at each. */
  all(): IterableIterator<Session> {
    return this.#byConnection.values();
  }

  /** The sessions on the same device, that one included, oldest first. */
  ofDevice({ userId, device }: Pick<Session, 'userId' | 'device'>): readonly Session[] {
    return this.ofUser(userId).filter((session) => session.device === device);
  }
}

function notLoggedIn(): TrackerError {
  return new TrackerError('not_logged_in', 'You are not logged in; log in first, or create a user');
}
