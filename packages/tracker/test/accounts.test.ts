/** Users, logins and sessions. */
import { describe, expect, it } from 'vitest';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { createMemoryScene } from './helpers/memory-scene.ts';
import { CHEAP, newRequestId, PASSWORD, type TestPeer } from './helpers/peers.ts';

describe('accounts', () => {
  it('tell a user who logs in which groups there are to share in', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    await alice.createGroup('friends');
    await alice.createGroup('family');
    const phone = await scene.connect();
    const { memberships } = await login(phone, 'alice');
    expect(memberships).toEqual([
      { groupId: 'friends', role: 'admin' },
      { groupId: 'family', role: 'admin' },
    ]);
    expect(await scene.tracker.stats()).toMatchObject({ users: 1, groups: 2, sessions: 2 });
  });

  it('give a second try of create_user the first answer, though the user exists now', async () => {
    await using scene = await createMemoryScene();
    const peer = await scene.connect();
    const requestId = newRequestId();
    await peer.tracker.create_user({ requestId, userId: 'alice', password: PASSWORD });
    await peer.tracker.create_user({ requestId, userId: 'alice', password: PASSWORD });
    const other = peer.tracker.create_user({
      requestId: newRequestId(),
      userId: 'alice',
      password: PASSWORD,
    });
    await expect(other).rejects.toMatchObject({ code: 'user_exists' });
    await login(peer, 'alice');
  });

  it('let one of many win who want the same name at once', async () => {
    await using scene = await createMemoryScene({ limits: { passwordsQueued: 100 } });
    const peers = await Promise.all(Array.from({ length: 8 }, () => scene.connect()));
    const tries = await Promise.allSettled(
      peers.map((peer) =>
        peer.tracker.create_user({ requestId: newRequestId(), userId: 'alice', password: PASSWORD }),
      ),
    );
    expect(tries.filter((one) => one.status === 'fulfilled')).toHaveLength(1);
    for (const one of tries)
      if (one.status === 'rejected') expect(one.reason).toMatchObject({ code: 'user_exists' });
  });

  it('are kept with a stronger hash from the first login after the parameters rose', async () => {
    const storage: MemoryStorage = { records: [], snapshot: undefined };
    for (const [argon2MemoryKib, entries] of [
      [8, 2],
      [16, 3],
      [16, 3],
      [8, 3],
    ] as const) {
      await using scene = await createMemoryScene({
        journal: createMemoryJournal(storage),
        limits: { ...CHEAP, argon2MemoryKib },
      });
      await scene.logIn('alice', { deviceId: new Uint8Array(32).fill(7) });
      await expect.poll(async () => (await scene.tracker.stats()).durableIndex).toBe(entries);
    }
  });

  it('wait longer after each failed login, and not after one that the tracker was too busy for', async () => {
    await using scene = await createMemoryScene({
      limits: { passwordsAtOnce: 1, passwordsQueued: 1, freeLoginFailures: 4 },
    });
    const alice = await scene.logIn('alice');
    const peers = await Promise.all(Array.from({ length: 4 }, () => scene.connect()));
    const codes = await Promise.all(peers.map((peer) => codeOf(login(peer, 'alice', 'not the password'))));
    expect(codes.sort()).toEqual(['busy', 'busy', 'wrong_password', 'wrong_password']);
    for (let failure = 2; failure < 5; failure += 1) {
      expect(await codeOf(login(peers[0], 'alice', 'not the password'))).toBe('wrong_password');
    }
    expect(await codeOf(login(peers[0], 'alice'))).toBe('too_many_attempts');
    await scene.clock.advanceAsync(DEFAULT_LIMITS.loginDelayMs);
    expect(await codeOf(login(peers[0], 'alice'))).toBe('done');
    await alice.tracker.logout({});
  });

  it('may log out and in again on the same connection, as somebody else', async () => {
    await using scene = await createMemoryScene();
    const peer = await scene.logIn('alice');
    await peer.createGroup('friends');
    await peer.tracker.logout({});
    await peer.signUp('bob');
    const { groups } = await peer.tracker.list_groups({ after: '' });
    expect(groups).toEqual([{ groupId: 'friends', members: 1, files: 0, standing: 'none' }]);
  });

  it('may be used from so many connections of one device; the oldest makes room', async () => {
    await using scene = await createMemoryScene();
    const deviceId = new Uint8Array(32).fill(9);
    const peers: TestPeer[] = [];
    for (let count = 0; count <= DEFAULT_LIMITS.connectionsPerDevice; count += 1) {
      peers.push(await scene.logIn('alice', { deviceId }));
    }
    expect(await peers[0]?.connection.closed).toMatchObject({
      kind: 'failed',
      error: { code: 'replaced', remote: true },
    });
    expect(await scene.tracker.stats()).toMatchObject({ sessions: DEFAULT_LIMITS.connectionsPerDevice });
    await scene.logIn('bob', { deviceId });
    expect(await scene.tracker.stats()).toMatchObject({ sessions: DEFAULT_LIMITS.connectionsPerDevice + 1 });
  });

  it('end with the connection', async () => {
    await using scene = await createMemoryScene();
    const alice = await scene.logIn('alice');
    await alice.connection.close();
    await scene.clock.advanceAsync(2_000);
    expect(await scene.tracker.stats()).toMatchObject({ sessions: 0 });
  });
});

function login(
  peer: TestPeer | undefined,
  userId: string,
  password = PASSWORD,
): ReturnType<TestPeer['tracker']['login']> {
  if (peer === undefined) throw new Error('a peer');
  return peer.tracker.login({ userId, password, deviceId: peer.deviceId });
}

function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'done',
    (error: { readonly code: string }) => error.code,
  );
}
