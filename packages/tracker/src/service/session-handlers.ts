/**
 * Serves `login`, `resume_session` and `logout`.
 *
 * The first login on a device binds it to the user. From then on its key is the session where the transport proves it: no
 * token exists that could be stolen, and whoever comes back, after a failover too, needs no password. Where the transport
 * proves nothing the device's id is taken on trust, and each session needs the password.
 */
import { type HandlerContext, type Handlers, sourceOf } from '@minitorrent/rpc-core';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import { isBound } from '../commands/devices.ts';
import type { trackerContract } from '../contract.ts';
import { TrackerError } from '../errors.ts';
import type { User } from '../model.ts';
import { membershipsOf } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';
import type { PasswordCheck } from './password-check.ts';
import { readMarked } from './read-marked.ts';

type SessionHandlers = Pick<Handlers<typeof trackerContract>, 'login' | 'logout' | 'resume_session'>;
type LoginAnswer = Awaited<ReturnType<SessionHandlers['login']>>;

export function createSessionHandlers(parts: ServiceParts, checkPassword: PasswordCheck): SessionHandlers {
  const { ledger, authority, presence, sessions, resumes, joinDesk, clock, log } = parts;

  /** Nothing for a device on which the user has logged in before: that must not wait for a tracker that can write. */
  async function bind(
    { userId, passwordHash, ...user }: User,
    { deviceId, name }: { readonly deviceId: Uint8Array; readonly name: string },
    { signal }: HandlerContext,
  ): Promise<void> {
    if (isBound({ userId, passwordHash, ...user }, deviceId)) return;
    const atMs = wallTimeMs(clock);
    await authority.execute({ kind: 'bind_device', userId, deviceId, name, passwordHash, atMs }, { signal });
  }

  async function begin(
    { connection, signal }: HandlerContext,
    userId: string,
    deviceId: Uint8Array,
  ): Promise<LoginAnswer> {
    signal.throwIfAborted();
    // Whoever was revoked while something waited must not come in by this login.
    isBound(ledger.latest.users.get(userId), deviceId);
    const session = sessions.begin(connection, userId, deviceId);
    connection.authenticate();
    // A device that begins anew announces anew; what it held before may be gone.
    if (sessions.ofDevice(session).length === 1) presence.removeDevice(session.device);
    log({ kind: 'logged_in', userId, host: connection.remote.remote.host });
    joinDesk.askAbout(session);
    const { answer: memberships, mayBeStale } = await readMarked(parts, (state) =>
      membershipsOf(state, userId),
    );
    return { memberships, mayBeStale };
  }

  return {
    login: async ({ userId, password, deviceId, deviceName = '' }, context) => {
      sessions.requireNone(context.connection);
      requireSameDevice(context, deviceId);
      const user = await checkPassword({ userId, password }, context);
      await bind(user, { deviceId, name: deviceName }, context);
      const answer = await begin(context, userId, deviceId);
      strengthen(user, password, parts);
      return answer;
    },

    resume_session: async ({ userId }, context) => {
      const { remote, remoteIdentity: deviceId } = context.connection.remote;
      sessions.requireNone(context.connection);
      if (deviceId === undefined) throw provesNothing();
      const waitMs = resumes.take(sourceOf(remote.host), clock.now());
      if (waitMs > 0) throw tooManyResumes(waitMs);
      const { answer: isKnown, mayBeStale } = await readMarked(parts, (state) =>
        isBound(state.users.get(userId), deviceId),
      );
      if (!isKnown) throw unknownDevice(userId, mayBeStale);
      return begin(context, userId, deviceId);
    },

    logout: async (_, { connection }) => {
      const session = sessions.require(connection);
      sessions.end(connection);
      if (sessions.ofDevice(session).length === 0) presence.removeDevice(session.device);
      return {};
    },
  };
}

/** The password is known only now, so this is when its hash can be made stronger. Nobody waits for it. */
function strengthen(
  { userId, passwordHash: oldHash }: User,
  password: string,
  { passwords, authority, log }: ServiceParts,
): void {
  if (!passwords.isOutdated(oldHash)) return;
  passwords
    .hash(password)
    .then((passwordHash) => authority.execute({ kind: 'rehash_password', userId, oldHash, passwordHash }))
    .catch((error: unknown) => log({ kind: 'background_failed', task: 'rehash a password', error }));
}

/** Nothing, or `wrong_device`. */
function requireSameDevice({ connection }: HandlerContext, deviceId: Uint8Array): void {
  const { remoteIdentity } = connection.remote;
  if (remoteIdentity === undefined || isSameDevice(remoteIdentity, deviceId)) return;
  throw new TrackerError(
    'wrong_device',
    'This login names another device than the one whose key the connection proves; name your own',
  );
}

function provesNothing(): TrackerError {
  return new TrackerError(
    'not_logged_in',
    'Nothing on this connection proves which device you are; log in with your password',
  );
}

function unknownDevice(userId: string, mayBeStale: boolean): TrackerError {
  if (mayBeStale) {
    return new TrackerError(
      'not_primary',
      `This tracker may not know the latest, and not that ${userId} has logged in on this device; another tracker may`,
    );
  }
  return new TrackerError(
    'unknown_device',
    `${userId} has never logged in on this device; log in with the password once`,
  );
}

function tooManyResumes(waitMs: number): TrackerError {
  return new TrackerError(
    'rate_limited',
    `Too many sessions are resumed from your address; try again in ${waitMs} ms`,
  );
}
