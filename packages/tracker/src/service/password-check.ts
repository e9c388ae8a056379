/**
 * Checks passwords, and counts who fails: for a login, and for whatever else asks for the password once more.
 *
 * What affects that nobody learns more than whether a password is right:
 * - a user who does not exist costs the same work;
 * - an attempt counts before the work begins, so that many at once gain nothing;
 * - a tracker that may not know the latest says so and not that the password is wrong. That is no attempt at a password of
 *   somebody whom it does not know: it may be a user who was made a moment ago, and tries again until this tracker knows.
 */
import type { HandlerContext } from '@minitorrent/rpc-core';
import { deviceKey } from '../device-key.ts';
import { TrackerError } from '../errors.ts';
import { toHex } from '../hex.ts';
import type { LoginAttempt } from '../login-limiter.ts';
import type { TrackerState, User } from '../model.ts';
import type { ServiceParts } from './parts.ts';
import { type Marked, readMarked } from './read-marked.ts';

export interface GivenPassword {
  readonly userId: string;
  readonly password: string;
}

/** The user whose password this is; fails with `wrong_password`, `not_primary`, `too_many_attempts`, `busy`. */
export type PasswordCheck = (given: GivenPassword, context: HandlerContext) => Promise<User>;

export function createPasswordCheck(
  parts: Pick<ServiceParts, 'ledger' | 'authority' | 'passwords' | 'logins' | 'clock' | 'log'>,
): PasswordCheck {
  const { ledger, authority, passwords, logins, clock, log } = parts;
  return async ({ userId, password }, { connection, signal }) => {
    const { remote, remoteIdentity } = connection.remote;
    const knownDevice = knownDeviceOf(ledger.latest, userId, remoteIdentity);
    const attempt: LoginAttempt = { userId, host: remote.host, knownDevice };
    logins.begin(attempt, clock.now());
    let isRight: boolean;
    let found: Marked<User | undefined>;
    try {
      found = await readMarked({ ledger, authority }, (state) => state.users.get(userId));
      isRight = await passwords.verify(password, found.answer?.passwordHash, { signal });
      if (found.answer === undefined && found.mayBeStale) throw unknownHere(userId);
    } catch (error) {
      logins.withdraw(attempt);
      throw error;
    }
    if (isRight && found.answer !== undefined) {
      logins.succeed(attempt);
      return found.answer;
    }
    log({ kind: 'login_failed', userId, host: remote.host });
    if (found.mayBeStale) throw unknownHere(userId);
    throw new TrackerError(
      'wrong_password',
      `There is no user ${userId} with this password; check both, or create_user`,
    );
  };
}

/** Where nothing proves a device, anybody could take the attempts of a known one for themselves. */
function knownDeviceOf(
  state: TrackerState,
  userId: string,
  deviceId: Uint8Array | undefined,
): string | undefined {
  if (deviceId === undefined) return undefined;
  const device = state.users.get(userId)?.devices.get(toHex(deviceId));
  return device === undefined || device.isRevoked ? undefined : deviceKey(userId, deviceId);
}

function unknownHere(userId: string): TrackerError {
  return new TrackerError(
    'not_primary',
    `This tracker may not know the latest, and knows no user ${userId} with this password; another tracker may`,
  );
}
