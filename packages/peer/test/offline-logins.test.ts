import { createSystemRandom } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import { openLibrary } from '../src/shell/library.ts';
import { OfflineLogins } from '../src/shell/offline-logins.ts';
import { SignIn } from '../src/shell/sign-in.ts';
import type { TrackerLinks } from '../src/shell/tracker-links.ts';
import type { Login } from '../src/tracker-client.ts';

const random = createSystemRandom();
const PASSWORD = 'correct horse battery';

describe('OfflineLogins', () => {
  it('lets in with the password of the last login, and with no other', async () => {
    using library = openLibrary(':memory:');
    const logins = new OfflineLogins(library, random);
    await logins.remember('alice', 'an older password');
    await logins.remember('alice', PASSWORD);
    expect(logins.has('alice')).toBe(true);
    expect(await logins.verify('alice', PASSWORD)).toBe(true);
    expect(await logins.verify('alice', 'an older password')).toBe(false);
    expect(await logins.verify('alice', '')).toBe(false);
  });

  it('lets nobody in who never logged in here, or whose password a tracker does not take any more', async () => {
    using library = openLibrary(':memory:');
    const logins = new OfflineLogins(library, random);
    expect(logins.has('alice')).toBe(false);
    expect(await logins.verify('alice', PASSWORD)).toBe(false);
    await logins.remember('alice', PASSWORD);
    expect(await logins.verify('bob', PASSWORD)).toBe(false);
    logins.forget('alice');
    expect(logins.has('alice')).toBe(false);
    expect(await logins.verify('alice', PASSWORD)).toBe(false);
  });

  it('keeps no password, and of two that are the same two hashes', async () => {
    using library = openLibrary(':memory:');
    const logins = new OfflineLogins(library, random);
    await Promise.all([logins.remember('alice', PASSWORD), logins.remember('bob', PASSWORD)]);
    const [alice, bob] = [library.passwordHash('alice'), library.passwordHash('bob')];
    expect(alice).toMatch(/^\$scrypt\$ln=14,r=8,p=5\$/);
    expect(alice).not.toContain(PASSWORD);
    expect(alice).not.toBe(bob);
  });

  it('checks a hash by the cost that stands beside it', async () => {
    using library = openLibrary(':memory:');
    // RFC 7914, section 12: "pleaseletmein", "SodiumChloride", N = 16384, r = 8, p = 1; the first 32 bytes.
    const hash = Buffer.from('7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2', 'hex');
    const salt = Buffer.from('SodiumChloride').toString('base64');
    library.putPasswordHash('alice', `$scrypt$ln=14,r=8,p=1$${salt}$${hash.toString('base64')}`);
    const logins = new OfflineLogins(library, random);
    expect(await logins.verify('alice', 'pleaseletmein')).toBe(true);
    expect(await logins.verify('alice', 'pleaseletmeout')).toBe(false);
  });

  it.each(['', 'nonsense', '$scrypt$ln=40,r=8,p=5$AAAA$AAAA', '$scrypt$ln=14,r=8,p=5$AAAA$AAAA'])(
    'lets nobody in by the damaged hash %j',
    async (hash) => {
      using library = openLibrary(':memory:');
      library.putPasswordHash('alice', hash);
      expect(await new OfflineLogins(library, random).verify('alice', PASSWORD)).toBe(false);
    },
  );
});

describe('SignIn', () => {
  it('forgets a login that a tracker takes no more, though it is still being remembered', async () => {
    using library = openLibrary(':memory:');
    const offline = new OfflineLogins(library, random);
    const links = { login: async (login: Login) => login } as unknown as TrackerLinks; // Nothing else is called.
    const signIn = new SignIn({ links, offline, patienceMs: 1_000 });
    const login = { userId: 'alice', password: PASSWORD, deviceId: new Uint8Array(32), deviceName: 'desk' };
    const { credentials } = await signIn.signIn(login);
    signIn.refused(credentials);
    await signIn.settled();
    expect(offline.has('alice')).toBe(false);
    signIn.refused(credentials);
    signIn.remember({ userId: 'alice', password: PASSWORD });
    await signIn.settled();
    expect(offline.has('alice')).toBe(true);
  });
});
