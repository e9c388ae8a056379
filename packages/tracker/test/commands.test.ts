/** What random sequences seldom meet; everything else about commands is in `state.test.ts`. */
import { describe, expect, it } from 'vitest';
import { changePassword, createUser, rehashPassword } from '../src/commands/accounts.ts';
import { bindDevice } from '../src/commands/devices.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { type Action, commandOf, deviceOf } from './helpers/actions.ts';
import { createDriver, type Driver } from './helpers/drive.ts';

const friends = 'friends';

describe('commands', () => {
  it('accept refuses a user who has meanwhile joined as many groups as one may', () => {
    const driver = withUsers('alice', 'bob', 'carol');
    for (const groupId of [friends, 'family'])
      run(driver, { kind: 'create_group', groupId, userId: 'alice' });
    run(driver, { kind: 'create_group', groupId: 'work', userId: 'bob' });
    for (const groupId of [friends, 'family']) run(driver, { kind: 'request', groupId, userId: 'bob' });
    expect(run(driver, { kind: 'accept', groupId: friends, userId: 'bob', by: 'alice' })).toBe('done');
    expect(run(driver, { kind: 'accept', groupId: 'family', userId: 'bob', by: 'alice' })).toBe(
      'limit_reached',
    );
    run(driver, { kind: 'leave', groupId: 'work', userId: 'bob' });
    expect(run(driver, { kind: 'accept', groupId: 'family', userId: 'bob', by: 'alice' })).toBe('done');
  });

  it('stop sharing refuses a member who is neither the sharer nor an admin', () => {
    const driver = withUsers('alice', 'bob');
    run(driver, { kind: 'create_group', groupId: friends, userId: 'alice' });
    run(driver, { kind: 'request', groupId: friends, userId: 'bob' });
    run(driver, { kind: 'accept', groupId: friends, userId: 'bob', by: 'alice' });
    run(driver, { kind: 'share', groupId: friends, name: 'a.bin', by: 'alice' });
    run(driver, { kind: 'share', groupId: friends, name: 'b.bin', by: 'bob' });
    expect(run(driver, { kind: 'stop', groupId: friends, name: 'a.bin', by: 'bob' })).toBe('not_the_sharer');
    expect(run(driver, { kind: 'stop', groupId: friends, name: 'b.bin', by: 'alice' })).toBe('done');
  });

  it('leave counts the members who would be left, for the one who reads it', () => {
    const driver = withUsers('alice', 'bob', 'carol');
    run(driver, { kind: 'create_group', groupId: friends, userId: 'alice' });
    const leave = commandOf({ kind: 'leave', groupId: friends, userId: 'alice' }, 9);
    for (const [userId, others] of [
      ['bob', '1 more member;'],
      ['carol', '2 more members;'],
    ] as const) {
      run(driver, { kind: 'request', groupId: friends, userId });
      run(driver, { kind: 'accept', groupId: friends, userId, by: 'alice' });
      expect(() => leave.decide(driver.state)).toThrow(others);
    }
  });

  it('a new hash of a password replaces only the one that it was made from', () => {
    const driver = withUsers('alice');
    const { state } = driver;
    const oldHash = state.users.get('alice')?.passwordHash ?? '';
    driver.run(rehashPassword({ userId: 'alice', oldHash: 'another', passwordHash: 'lost' }));
    expect(state.users.get('alice')?.passwordHash).toBe(oldHash);
    driver.run(rehashPassword({ userId: 'alice', oldHash, passwordHash: 'new' }));
    expect(state.users.get('alice')).toMatchObject({ passwordHash: 'new', createdAtMs: 0 });
  });

  it('a password is changed, and a device bound by it, only where it is the one that was checked', () => {
    const driver = withUsers('alice');
    const { state } = driver;
    const change = { userId: 'alice', oldHash: 'hash', passwordHash: 'new' };
    const bind = (passwordHash: string) => bindDevice({ ...login, passwordHash }, DEFAULT_LIMITS);
    const login = { userId: 'alice', deviceId: deviceOf(1), name: 'phone', atMs: 7 };
    expect(driver.run(changePassword({ ...change, oldHash: 'another' }))).toBe('busy');
    expect(driver.run(changePassword(change))).toBe('done');
    expect(driver.run(bind('hash'))).toBe('busy');
    expect(driver.run(bind('new'))).toBe('done');
    // Bound before: no password is asked for.
    expect(driver.run(bind('hash'))).toBe('done');
    expect(driver.run(changePassword({ ...change, oldHash: 'new', passwordHash: 'newer' }))).toBe('done');
    expect(state.users.get('alice')).toMatchObject({ passwordHash: 'newer' });
    expect([...(state.users.get('alice')?.devices.values() ?? [])]).toEqual([
      { deviceId: deviceOf(1), name: 'phone', boundAtMs: 7, isRevoked: false },
    ]);
  });
});

function withUsers(...userIds: readonly string[]): Driver {
  const driver = createDriver();
  for (const userId of userIds) driver.run(createUser({ userId, passwordHash: 'hash', atMs: 0 }));
  return driver;
}

function run(driver: Driver, action: Action): string {
  return driver.run(commandOf(action, 1));
}
