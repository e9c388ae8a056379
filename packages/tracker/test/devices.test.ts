/** Devices: bound by a first login, then known by their keys, until they are revoked. */
import { describe, expect, it, vi } from 'vitest';
import { createUser } from '../src/commands/accounts.ts';
import { bindDevice } from '../src/commands/devices.ts';
import { toHex } from '../src/hex.ts';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { createDriver } from './helpers/drive.ts';
import { createMemoryScene } from './helpers/memory-scene.ts';
import { newDeviceId, newRequestId, PASSWORD, type TestPeer } from './helpers/peers.ts';

const crypto = vi.hoisted(() => ({ argon2Calls: 0 }));
vi.mock('node:crypto', async (importOriginal) => {
  const original = await importOriginal<typeof import('node:crypto')>();
  const argon2: typeof original.argon2 = (...parameters) => {
    crypto.argon2Calls += 1;
    original.argon2(...parameters);
  };
  return { ...original, argon2 };
});

const OTHER_PASSWORD = 'staple battery horse';

describe('login', () => {
  it('binds a device once, however often and at however many connections it logs in', async () => {
    await using scene = await createMemoryScene();
    const deviceId = newDeviceId();
    const alice = await scene.logIn('alice', { deviceId });
    const again = await Promise.all(['a', 'b', 'c'].map((host) => scene.connect({ deviceId, host })));
    await Promise.all(again.map((peer) => logIn(peer)));
    expect((await scene.tracker.stats()).durableIndex).toBe(2);
    expect(await devicesOf(alice)).toEqual([[toHex(deviceId), 'bound']]);
  });

  it('keeps what the device calls itself, and when it came', async () => {
    await using scene = await createMemoryScene();
    const phone = await scene.logIn('alice');
    const laptop = await scene.connect();
    await logIn(laptop, { deviceName: 'the laptop' });
    const { devices, mayBeStale } = await laptop.tracker.list_devices({});
    expect(mayBeStale).toBe(false);
    const common = { isOnline: true, isRevoked: false, boundAtMs: expect.any(Number) };
    expect(devices).toEqual([
      { deviceId: phone.deviceId, name: '', ...common },
      { deviceId: laptop.deviceId, name: 'the laptop', ...common },
    ]);
    await phone.tracker.logout({});
    expect((await laptop.tracker.list_devices({})).devices).toMatchObject([
      { isOnline: false },
      { isOnline: true },
    ]);
  });

  it('refuses a device id that is not the one of the key', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { isProved: true });
    const mallory = await scene.connect({ isProved: true });
    const login = { userId: 'alice', password: PASSWORD, deviceId: alice.deviceId };
    expect(await codeOf(mallory.tracker.login(login))).toBe('wrong_device');
    expect(await codeOf(logIn(mallory))).toBe('done');
  });

  it('refuses more devices than a user may have, and never one of them', async () => {
    await using scene = await createMemoryScene({ limits: { devicesPerUser: 2 } });
    const [one] = [await scene.logIn('alice'), await scene.logIn('alice')];
    const third = await scene.connect();
    expect(await codeOf(logIn(third))).toBe('limit_reached');
    await revoke(one, third.deviceId).catch(() => undefined);
    await one.tracker.logout({});
    expect(await codeOf(logIn(one))).toBe('done');
  });
});

describe('resume_session', () => {
  it('goes on without a password on a device that proves its key, and nowhere else', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { isProved: true });
    await alice.createGroup('friends');
    const { deviceId } = alice;
    const again = await scene.connect({ deviceId, isProved: true });
    expect(await again.tracker.resume_session({ userId: 'alice' })).toEqual({
      memberships: [{ groupId: 'friends', role: 'admin' }],
      mayBeStale: false,
    });
    expect(await codeOf(again.tracker.resume_session({ userId: 'alice' }))).toBe('already_logged_in');
    const claimed = await scene.connect({ deviceId });
    expect(await codeOf(claimed.tracker.resume_session({ userId: 'alice' }))).toBe('not_logged_in');
    const stranger = await scene.connect({ isProved: true });
    for (const userId of ['alice', 'nobody']) {
      expect(await codeOf(stranger.tracker.resume_session({ userId }))).toBe('unknown_device');
    }
  });

  it('is possible after logout, which ends the session alone', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { isProved: true });
    await alice.tracker.logout({});
    expect(await codeOf(alice.tracker.list_devices({}))).toBe('not_logged_in');
    expect(await codeOf(alice.tracker.resume_session({ userId: 'alice' }))).toBe('done');
  });

  it('lets a thousand clients come back after a failover without hashing one password', async () => {
    const keys = Array.from({ length: 1_000 }, (_, at) => ({
      userId: `user-${at % 20}`,
      key: newDeviceId(),
    }));
    const storage = journalWith(keys);
    await using scene = await createMemoryScene({
      journal: createMemoryJournal(storage),
      rpcLimits: { unauthenticatedPerAddress: 1_000 },
    });
    const peers = await Promise.all(keys.map(({ key }) => scene.connect({ deviceId: key, isProved: true })));
    const before = argon2Calls();
    const codes = await Promise.all(
      peers.map((peer, at) => codeOf(peer.tracker.resume_session({ userId: keys[at]?.userId ?? '' }))),
    );
    expect(new Set(codes)).toEqual(new Set(['done']));
    expect(await scene.tracker.stats()).toMatchObject({ sessions: 1_000, durableIndex: 1_020 });
    expect(argon2Calls()).toBe(before);
  });

  it('is bounded by address, and no failed login', async () => {
    await using scene = await createMemoryScene({ limits: { resumeBurst: 3, resumesPerSecond: 1 } });
    const stranger = await scene.connect({ isProved: true });
    const resume = (peer: TestPeer) => codeOf(peer.tracker.resume_session({ userId: 'alice' }));
    const codes = [await resume(stranger), await resume(stranger), await resume(stranger)];
    expect(codes).toEqual(['unknown_device', 'unknown_device', 'unknown_device']);
    expect(await resume(stranger)).toBe('rate_limited');
    const elsewhere = await scene.connect({ isProved: true, host: 'elsewhere' });
    expect(await resume(elsewhere)).toBe('unknown_device');
    await scene.clock.advanceAsync(1_000);
    expect(await resume(stranger)).toBe('unknown_device');
  });
});

describe('change_password', () => {
  it('takes the present password and a good one, and leaves the devices as they are', async () => {
    await using scene = await createMemoryScene();
    const phone = await scene.logIn('alice', { isProved: true });
    const laptop = await scene.logIn('alice');
    const { deviceId } = phone;
    expect(await codeOf(changePassword(laptop, { password: OTHER_PASSWORD }))).toBe('wrong_password');
    expect(await codeOf(changePassword(laptop, { newPassword: 'elevenchars' }))).toBe('weak_password');
    expect(await codeOf(changePassword(laptop))).toBe('done');
    expect((await phone.tracker.list_devices({})).devices).toHaveLength(2);
    const again = await scene.connect({ deviceId, isProved: true });
    expect(await codeOf(again.tracker.resume_session({ userId: 'alice' }))).toBe('done');
    const old = await scene.connect();
    expect(await codeOf(logIn(old))).toBe('wrong_password');
    expect(await codeOf(logIn(old, { password: OTHER_PASSWORD }))).toBe('done');
  });

  it('is for who is logged in', async () => {
    await using scene = await createMemoryScene();
    const peer = await scene.connect();
    expect(await codeOf(changePassword(peer))).toBe('not_logged_in');
    expect(await codeOf(revoke(peer, peer.deviceId))).toBe('not_logged_in');
  });

  it('gives a second try the first answer, though its password is no longer the present one', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    const requestId = newRequestId();
    for (let attempt = 0; attempt < 2; attempt += 1) await changePassword(alice, { requestId });
    expect(await codeOf(changePassword(alice))).toBe('wrong_password');
    expect((await scene.tracker.stats()).durableIndex).toBe(3);
  });

  it('counts failures as a login does', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    const guess = () => codeOf(changePassword(alice, { password: 'not the password' }));
    const codes = [await guess(), await guess(), await guess(), await guess(), await guess()];
    expect(codes).toEqual([...Array(4).fill('wrong_password'), 'too_many_attempts']);
    expect(await codeOf(logIn(await scene.connect()))).toBe('too_many_attempts');
  });
});

describe('revoke_device', () => {
  it('ends what the device does, for ever', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    const lost = await scene.logIn('alice', { isProved: true });
    const { deviceId } = lost;
    const second = await scene.logIn('alice', { deviceId, isProved: true });
    await lost.tracker.announce({ port: 4_000, files: [] });
    expect(await scene.tracker.stats()).toMatchObject({ sessions: 3, presence: { devices: 1 } });
    await revoke(alice, deviceId);
    for (const peer of [lost, second]) {
      expect(await peer.connection.closed).toMatchObject({ error: { code: 'device_revoked', remote: true } });
    }
    expect(await scene.tracker.stats()).toMatchObject({ sessions: 1, presence: { devices: 0 } });
    const again = await scene.connect({ deviceId, isProved: true });
    expect(await codeOf(again.tracker.resume_session({ userId: 'alice' }))).toBe('device_revoked');
    expect(await codeOf(logIn(again))).toBe('device_revoked');
    expect(await codeOf(logIn(again, { password: 'not the password' }))).toBe('wrong_password');
    expect(await devicesOf(alice)).toEqual([
      [toHex(alice.deviceId), 'bound'],
      [toHex(deviceId), 'revoked'],
    ]);
  });

  it('answers twice the same, and knows only devices of the one who asks', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    const bob = await scene.logIn('bob');
    const { deviceId } = await scene.logIn('alice');
    expect(await codeOf(revoke(bob, deviceId))).toBe('unknown_device');
    expect(await codeOf(revoke(alice, deviceId))).toBe('done');
    expect(await codeOf(revoke(alice, deviceId))).toBe('done');
  });

  it('is answered to a device that revokes itself, which is cut off then', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    await revoke(alice, alice.deviceId);
    await scene.clock.advanceAsync(1);
    expect(await alice.connection.closed).toMatchObject({ error: { code: 'device_revoked', remote: true } });
    expect(await scene.tracker.stats()).toMatchObject({ sessions: 0 });
  });

  it('leaves another user of the same device alone', async () => {
    await using scene = await createMemoryScene();
    const deviceId = newDeviceId();
    const [alice, bob] = [
      await scene.logIn('alice', { deviceId, isProved: true }),
      await scene.logIn('bob', { deviceId, isProved: true }),
    ];
    await revoke(alice, deviceId);
    expect(await devicesOf(bob)).toEqual([[toHex(deviceId), 'bound']]);
  });
});

describe('a guesser', () => {
  it('cannot lock out a device that is known, from the same address either', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice', { isProved: true });
    const { deviceId } = alice;
    await alice.tracker.logout({});
    const guesser = await scene.connect({ isProved: true });
    while ((await codeOf(logIn(guesser, { password: 'not the password' }))) === 'wrong_password');
    const claims = await scene.connect({ deviceId });
    expect(await codeOf(logIn(claims))).toBe('too_many_attempts');
    expect(await codeOf(logIn(await scene.connect({ isProved: true })))).toBe('too_many_attempts');
    expect(await codeOf(logIn(alice))).toBe('done');
    // That the owner knows the password takes nothing off what others failed.
    expect(await codeOf(logIn(await scene.connect({ isProved: true })))).toBe('too_many_attempts');
  });

  it('who holds a known device may fail no more often than others', async () => {
    await using scene = await createMemoryScene();
    const lost = await scene.logIn('alice', { isProved: true });
    await lost.tracker.logout({});
    const failures = Array.from({ length: DEFAULT_LIMITS.freeLoginFailures + 1 }, () => 'wrong_password');
    for (const code of [...failures, 'too_many_attempts']) {
      expect(await codeOf(logIn(lost, { password: 'not the password' }))).toBe(code);
    }
    expect(await codeOf(logIn(await scene.connect({ isProved: true })))).toBe('done');
  });

  it('costs the same work for users that exist and users that do not', async () => {
    await using scene = await createMemoryScene();
    await scene.logIn('alice');
    const guesser = await scene.connect();
    for (const userId of ['alice', 'nobody']) {
      const before = argon2Calls();
      expect(await codeOf(logIn(guesser, { userId, password: 'not the password' }))).toBe('wrong_password');
      expect(argon2Calls()).toBe(before + 1);
    }
  });
});

function argon2Calls(): number {
  return crypto.argon2Calls;
}

function logIn(
  { tracker, deviceId }: TestPeer,
  login: { readonly userId?: string; readonly password?: string; readonly deviceName?: string } = {},
): Promise<unknown> {
  return tracker.login({ userId: 'alice', password: PASSWORD, deviceId, ...login });
}

function revoke({ tracker }: TestPeer, deviceId: Uint8Array): Promise<unknown> {
  return tracker.revoke_device({ requestId: newRequestId(), deviceId });
}

function changePassword(
  { tracker }: TestPeer,
  change: { readonly requestId?: Uint8Array; readonly password?: string; readonly newPassword?: string } = {},
): Promise<unknown> {
  const usual = { requestId: newRequestId(), password: PASSWORD, newPassword: OTHER_PASSWORD };
  return tracker.change_password({ ...usual, ...change });
}

async function devicesOf({ tracker }: TestPeer): Promise<readonly (readonly [string, string])[]> {
  const { devices } = await tracker.list_devices({});
  return devices.map(({ deviceId, isRevoked }) => [toHex(deviceId), isRevoked ? 'revoked' : 'bound']);
}

/** What a tracker has on which those devices have logged in. */
function journalWith(
  logins: readonly { readonly userId: string; readonly key: Uint8Array }[],
): MemoryStorage {
  const driver = createDriver();
  const passwordHash = '$hash$';
  for (const userId of new Set(logins.map((login) => login.userId))) {
    driver.run(createUser({ userId, passwordHash, atMs: 0 }));
  }
  for (const { userId, key } of logins) {
    driver.run(bindDevice({ userId, deviceId: key, name: '', passwordHash, atMs: 0 }, DEFAULT_LIMITS));
  }
  return { records: [...driver.records], snapshot: undefined };
}

function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: { readonly code: string }) => error.code,
  );
}
