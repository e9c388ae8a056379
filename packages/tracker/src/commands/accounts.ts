/** Commands about users. Passwords come as hashes: no password is ever near the state or the journal. */
import { TrackerError } from '../errors.ts';
import type { TrackerState } from '../model.ts';
import type { Command } from './command.ts';
import { createCommand, decided } from './command.ts';

/** A new user; `user_exists` when the name is taken. */
export function createUser(user: { userId: string; passwordHash: string; atMs: number }): Command {
  const { userId } = user;
  return createCommand(['create_user', userId], (state) => {
    requireNewUser(state, userId);
    return decided({ ...user, kind: 'user_created' });
  });
}

/** The same password under stronger parameters; nothing when the user changed meanwhile. */
export function rehashPassword(user: { userId: string; oldHash: string; passwordHash: string }): Command {
  const { userId, oldHash, passwordHash } = user;
  return createCommand(['rehash_password', userId, passwordHash], (state) => {
    if (state.users.get(userId)?.passwordHash !== oldHash) return decided();
    return decided({ kind: 'password_rehashed', userId, passwordHash });
  });
}

/**
 * Another password, by somebody who knows the present one; `busy` where that is not `oldHash` any more. Devices stay bound:
 * whoever wants one out revokes it.
 */
export function changePassword(change: { userId: string; oldHash: string; passwordHash: string }): Command {
  const { userId, oldHash, passwordHash } = change;
  // A second try brings another hash of the same password.
  return createCommand(['change_password', userId], (state) => {
    if (state.users.get(userId)?.passwordHash === oldHash) {
      return decided({ kind: 'password_changed', userId, passwordHash });
    }
    throw new TrackerError('busy', `The password of ${userId} was changed just now; try again`);
  });
}

/** Nothing, or `user_exists`. Asked before a password is hashed, too, which is the expensive part. */
export function requireNewUser(state: TrackerState, userId: string): void {
  if (!state.users.has(userId)) return;
  throw new TrackerError('user_exists', `There is a user ${userId} already; log in, or choose another name`);
}
