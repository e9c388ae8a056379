/** Serves `create_user` and `change_password`. */
import type { Handlers } from '@minitorrent/rpc-core';
import { requireNewUser } from '../commands/accounts.ts';
import type { trackerContract } from '../contract.ts';
import { requireGoodPassword } from '../password-hash.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';
import type { PasswordCheck } from './password-check.ts';

type AccountHandlers = Pick<Handlers<typeof trackerContract>, 'change_password' | 'create_user'>;

export function createAccountHandlers(parts: ServiceParts, checkPassword: PasswordCheck): AccountHandlers {
  const { ledger, authority, sessions, passwords, clock, limits } = parts;
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

    /**
     * The present password has to be given, though the caller is logged in: a device may lie about for a moment. The other
     * sessions of the user go on, because their devices are known by their keys and not by a password; `revoke_device` ends
     * those of one that is in wrong hands.
     */
    change_password: async ({ requestId, password, newPassword }, context) => {
      const { userId, byDevice } = sessions.requireAsker(context.connection);
      const { signal } = context;
      requireGoodPassword(newPassword, limits);
      // A second try of what was done gives a password that is no longer the present one, and gets the first answer.
      const doneFrom = await ledger.read((state) =>
        ledger.knows(requestId) ? state.users.get(userId)?.passwordHash : undefined,
      );
      const oldHash = doneFrom ?? (await checkPassword({ userId, password }, context)).passwordHash;
      const passwordHash = doneFrom ?? (await passwords.hash(newPassword, { signal }));
      await authority.execute(
        { kind: 'change_password', userId, byDevice, oldHash, passwordHash },
        { requestId, signal },
      );
      return {};
    },
  };
}
