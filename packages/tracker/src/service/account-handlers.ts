/** Serves `create_user`, `login` and `logout`. */
import type { HandlerContext, Handlers } from '@minitorrent/rpc-core';
import { requireNewUser } from '../commands/accounts.ts';
import type { trackerContract } from '../contract.ts';
import { TrackerError } from '../errors.ts';
import type { User } from '../model.ts';
import { requireGoodPassword } from '../password-hash.ts';
import { membershipsOf } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';

type AccountHandlers = Pick<Handlers<typeof trackerContract>, 'create_user' | 'login' | 'logout'>;

export function createAccountHandlers(parts: ServiceParts): AccountHandlers {
  const { ledger, authority, presence, sessions, passwords, logins, joinDesk, clock, limits, log } = parts;

  /** The user whose password this is; fails with `wrong_password`, `not_primary`, `too_many_attempts`, `busy`. */
  async function authenticate(
    { userId, password }: { readonly userId: string; readonly password: string },
    { connection, signal }: HandlerContext,
  ): Promise<User> {
    const { host } = connection.remote.remote;
    const attempt = { userId, host };
    logins.begin(attempt, clock.now());
    let isRight: boolean;
    let user: User | undefined;
    try {
      user = await ledger.read((state) => state.users.get(userId));
      // No attempt at a password: it may be somebody who was made a moment ago and tries again until this tracker knows.
      if (user === undefined && authority.mayBeStale()) throw unknownHere(userId);
      isRight = await passwords.verify(password, user?.passwordHash, { signal });
    } catch (error) {
      logins.withdraw(attempt);
      throw error;
    }
    if (isRight && user !== undefined) {
      logins.succeed(attempt);
      return user;
    }
    log({ kind: 'login_failed', userId, host });
    if (authority.mayBeStale()) throw unknownHere(userId);
    throw new TrackerError(
      'wrong_password',
      `There is no user ${userId} with this password; check both, or create_user`,
    );
  }

  /** The password is known only now, so this is when its hash can be made stronger. Nobody waits for it. */
  async function strengthen({ userId, passwordHash: oldHash }: User, password: string): Promise<void> {
    if (!passwords.isOutdated(oldHash)) return;
    const passwordHash = await passwords.hash(password);
    await authority.execute({ kind: 'rehash_password', userId, oldHash, passwordHash });
  }

  return {
    create_user: async ({ requestId, userId, password }, { signal }) => {
      requireGoodPassword(password, limits);
      // Asked in one go: another tracker may have done this very request.
      await ledger.read((state) => {
        if (!ledger.knows(requestId)) requireNewUser(state, userId);
      });
      const passwordHash = await passwords.hash(password, { signal });
      const change = { kind: 'create_user', userId, passwordHash, atMs: wallTimeMs(clock) } as const;
      await authority.execute(change, { requestId, signal });
      return {};
    },

    login: async ({ userId, password, deviceId }, context) => {
      const { connection } = context;
      sessions.requireNone(connection);
      const user = await authenticate({ userId, password }, context);
      context.signal.throwIfAborted();
      const session = sessions.begin(connection, userId, deviceId);
      connection.authenticate();
      // A device that begins anew announces anew; what it held before may be gone.
      if (sessions.ofDevice(session).length === 1) presence.removeDevice(session.device);
      log({ kind: 'logged_in', userId, host: connection.remote.remote.host });
      strengthen(user, password).catch((error: unknown) => {
        log({ kind: 'background_failed', task: 'rehash a password', error });
      });
      joinDesk.askAbout(session);
      const memberships = await ledger.read((state) => membershipsOf(state, userId));
      return { memberships, mayBeStale: authority.mayBeStale() };
    },

    logout: async (_, { connection }) => {
      const session = sessions.require(connection);
      sessions.end(connection);
      if (sessions.ofDevice(session).length === 0) presence.removeDevice(session.device);
      return {};
    },
  };
}

function unknownHere(userId: string): TrackerError {
  return new TrackerError(
    'not_primary',
    `This tracker may not know the latest, and knows no user ${userId} with this password; another tracker may`,
  );
}
