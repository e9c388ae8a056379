import type { Connection } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import { TrackerError } from '../src/errors.ts';
import { openLedger } from '../src/ledger.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { createLoginLimiter } from '../src/login-limiter.ts';
import { createOwnAuthority } from '../src/service/authority.ts';
import { createPasswordCheck } from '../src/service/password-check.ts';
import { createFakeSharedStorage } from './helpers/fake-shared-journal.ts';
import { createTestRandom } from './helpers/random.ts';

const away = new TrackerError('journal_failed', 'nobody answers');

/** Two trackers on one journal; the first one's work on a password goes on when the test says so. */
async function scene() {
  const storage = createFakeSharedStorage();
  const random = createTestRandom();
  const [journal, other] = [storage(), storage()];
  const ledger = await openLedger({ journal, random, limits: DEFAULT_LIMITS });
  const others = await openLedger({ journal: other, random, limits: DEFAULT_LIMITS });
  const verifying = Promise.withResolvers<void>();
  const verified = Promise.withResolvers<void>();
  const check = createPasswordCheck({
    ledger,
    authority: createOwnAuthority(ledger, DEFAULT_LIMITS),
    passwords: {
      hash: async () => 'hash',
      isOutdated: () => false,
      verify: async (password, stored) => {
        verifying.resolve();
        await verified.promise;
        return password === stored;
      },
    },
    logins: createLoginLimiter(DEFAULT_LIMITS),
    clock: { now: () => 0, wallNow: () => 0, schedule: () => () => undefined },
    log: () => undefined,
  });
  // Of a connection the check looks at the address alone.
  const connection = { remote: { remote: { host: 'here', port: 1 } } } as Connection;
  const given = { userId: 'alice', password: 'secret' };
  return {
    journal,
    ledger,
    others,
    verifying: verifying.promise,
    verified,
    checked: () => check(given, { method: 'login', connection, signal: new AbortController().signal }),
  };
}

describe('the password of a user whom a tracker may not know yet', () => {
  it('is not called wrong where another read has caught up while it was worked on', async () => {
    const { journal, ledger, others, verifying, verified, checked } = await scene();
    journal.away = away;
    await others.execute(createUser({ userId: 'alice', passwordHash: 'secret', atMs: 1 }));
    const check = checked();
    await verifying;
    journal.away = undefined;
    expect(await ledger.read((state) => state.users.has('alice'))).toBe(true);
    expect(ledger.mayBeStale).toBe(false);
    verified.resolve();
    await expect(check).rejects.toMatchObject({ code: 'not_primary' });
    expect(await checked()).toMatchObject({ userId: 'alice' });
  });

  it('is called wrong where the tracker knew the latest when it looked', async () => {
    const { journal, ledger, verifying, verified, checked } = await scene();
    const check = checked();
    await verifying;
    journal.away = away;
    await ledger.read(() => undefined);
    expect(ledger.mayBeStale).toBe(true);
    verified.resolve();
    await expect(check).rejects.toMatchObject({ code: 'wrong_password' });
  });
});
