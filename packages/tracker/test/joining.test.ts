/** The way of a join request, with admins who are online, offline, slow, undecided, or gone. */
import { describe, expect, it } from 'vitest';
import { createMemoryJournal, type MemoryStorage } from '../src/journal/memory-journal.ts';
import { DEFAULT_LIMITS } from '../src/limits.ts';
import { turn } from './helpers/fake-journal.ts';
import { createMemoryScene, type MemoryScene } from './helpers/memory-scene.ts';
import { newRequestId, type PeerOptions, type TestPeer } from './helpers/peers.ts';

const groupId = 'friends';

describe('joining', () => {
  it('answers member when an admin who is online accepts at once', async () => {
    await using scene = await createMemoryScene();
    await admin(scene, async () => ({ decision: 'accept' }));
    const bob = await scene.logIn('bob');
    expect(await join(bob)).toEqual({ status: 'member' });
    expect(await scene.tracker.stats()).toMatchObject({ durableIndex: 7 });
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'member', index: 7 });
    expect(await standing(bob)).toBe('member');
  });

  it('asks with who wants to join, since when, and with which devices', async () => {
    await using scene = await createMemoryScene();
    const alice = await admin(scene, async () => ({ decision: 'accept' }));
    const bob = await scene.logIn('bob');
    await join(bob);
    const requestedAtMs = scene.clock.wallNow();
    expect(await alice.next('peer_authentication')).toEqual({
      groupId,
      userId: 'bob',
      requestedAtMs,
      deviceIds: [bob.deviceId],
      memberEpoch: 1,
    });
  });

  it('fails with join_refused when the admin refuses, and may be tried again', async () => {
    await using scene = await createMemoryScene();
    const decisions = ['refuse', 'accept'] as const;
    let asked = 0;
    await admin(scene, async () => ({ decision: decisions[asked++] ?? 'undecided' }));
    const bob = await scene.logIn('bob');
    await expect(join(bob)).rejects.toMatchObject({ code: 'join_refused' });
    expect(await standing(bob)).toBe('none');
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'refused', index: 7 });
    expect(await join(bob)).toEqual({ status: 'member' });
  });

  it('answers requested at once when no admin is online', async () => {
    await using scene = await createMemoryScene();
    const alice = await admin(scene);
    await alice.tracker.logout({});
    const bob = await scene.logIn('bob');
    expect(await join(bob)).toEqual({ status: 'requested' });
    expect(await standing(bob)).toBe('requested');
  });

  it('answers requested at once when every admin is undecided or does not serve the question', async () => {
    await using scene = await createMemoryScene();
    await admin(scene, async () => {
      throw new Error('no user interface');
    });
    const bob = await scene.logIn('bob');
    expect(await join(bob)).toEqual({ status: 'requested' });
    expect(await join(bob)).toEqual({ status: 'requested' });
  });

  it('answers requested when the admin takes long, and counts the late answer all the same', async () => {
    await using scene = await createMemoryScene();
    const answer = Promise.withResolvers<{ decision: 'accept' }>();
    await admin(scene, () => answer.promise);
    const bob = await scene.logIn('bob');
    const joining = join(bob);
    await scene.clock.advanceAsync(DEFAULT_LIMITS.joinAnswerMs);
    expect(await joining).toEqual({ status: 'requested' });
    answer.resolve({ decision: 'accept' });
    await turn();
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'member', index: 7 });
    expect(await standing(bob)).toBe('member');
  });

  it('lets the request wait, across a restart, for an admin who logs in later and is asked then', async () => {
    const storage: MemoryStorage = { records: [], snapshot: undefined };
    {
      await using scene = await createMemoryScene({ journal: createMemoryJournal(storage) });
      const alice = await admin(scene);
      await alice.tracker.logout({});
      for (const userId of ['bob', 'carol']) await join(await scene.logIn(userId));
    }
    await using scene = await createMemoryScene({ journal: createMemoryJournal(storage) });
    const [bob, carol] = [await scene.logIn('bob'), await scene.logIn('carol')];
    const alice = await scene.logIn('alice', {
      decide: async ({ userId }) => ({ decision: userId === 'bob' ? 'accept' : 'refuse' }),
    });
    await scene.clock.advanceAsync(0);
    await turn();
    await scene.clock.advanceAsync(0);
    expect(alice.untaken('peer_authentication')).toBe(2);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'member', index: 13 });
    expect(await carol.next('membership_changed')).toEqual({ groupId, standing: 'refused', index: 14 });
  });

  it('is decided by accept_request and reject_request as well, which wake who waits', async () => {
    await using scene = await createMemoryScene();
    const never = Promise.withResolvers<{ decision: 'undecided' }>();
    const alice = await admin(scene, () => never.promise);
    const [bob, carol] = [await scene.logIn('bob'), await scene.logIn('carol')];
    const joining = [join(bob), join(carol).catch((error: { code: string }) => error.code)];
    await turn();
    const listed = await alice.tracker.list_requests({ groupId: '', after: '' });
    expect(listed.requests.map((request) => request.userId)).toEqual(['bob', 'carol']);
    expect(await alice.tracker.list_requests({ groupId, after: '' })).toEqual(listed);
    await alice.tracker.accept_request({ requestId: newRequestId(), groupId, userId: 'bob' });
    await alice.tracker.reject_request({ requestId: newRequestId(), groupId, userId: 'carol' });
    expect(await Promise.all(joining)).toEqual([{ status: 'member' }, 'join_refused']);
    expect(await alice.tracker.list_requests({ groupId, after: '' })).toEqual({
      requests: [],
      next: '',
      mayBeStale: false,
    });
    never.resolve({ decision: 'undecided' });
  });

  it('asks once about a request that is repeated while the question is open', async () => {
    await using scene = await createMemoryScene();
    const answer = Promise.withResolvers<{ decision: 'accept' }>();
    const alice = await admin(scene, () => answer.promise);
    const bob = await scene.logIn('bob');
    const joining = [join(bob), join(bob), join(bob)];
    await turn();
    expect(alice.untaken('peer_authentication')).toBe(1);
    answer.resolve({ decision: 'accept' });
    expect(await Promise.all(joining)).toEqual([
      { status: 'member' },
      { status: 'member' },
      { status: 'member' },
    ]);
  });

  it('gives a second try of an accepted join the answer that it is a member', async () => {
    await using scene = await createMemoryScene();
    await admin(scene, async () => ({ decision: 'accept' }));
    const bob = await scene.logIn('bob');
    const requestId = newRequestId();
    for (let round = 0; round < 2; round += 1) {
      expect(await bob.tracker.join_group({ requestId, groupId })).toEqual({ status: 'member' });
    }
    expect(await scene.tracker.stats()).toMatchObject({ durableIndex: 7 });
  });

  it('takes no answer from an admin who has logged out meanwhile', async () => {
    await using scene = await createMemoryScene();
    const answer = Promise.withResolvers<{ decision: 'accept' }>();
    const alice = await admin(scene, () => answer.promise);
    const bob = await scene.logIn('bob');
    const joining = join(bob);
    await turn();
    await alice.tracker.logout({});
    answer.resolve({ decision: 'accept' });
    expect(await joining).toEqual({ status: 'requested' });
  });

  it('takes the first of two answers', async () => {
    await using scene = await createMemoryScene();
    const slow = Promise.withResolvers<{ decision: 'refuse' }>();
    await admin(scene, () => slow.promise);
    await scene.logIn('alice', { decide: async () => ({ decision: 'accept' }) });
    const bob = await scene.logIn('bob');
    expect(await join(bob)).toEqual({ status: 'member' });
    slow.resolve({ decision: 'refuse' });
    await turn();
    expect(await standing(bob)).toBe('member');
  });

  it('asks an admin about a bounded number of requests at a time', async () => {
    await using scene = await createMemoryScene({ limits: { questionsAtOnce: 2, joinAnswerMs: 10 } });
    const answers: ((decision: { decision: 'accept' }) => void)[] = [];
    const alice = await admin(scene, () => new Promise((resolve) => answers.push(resolve)));
    for (const userId of ['bob', 'carol', 'dave', 'erin']) {
      const joining = join(await scene.logIn(userId));
      await scene.clock.advanceAsync(10);
      expect(await joining).toEqual({ status: 'requested' });
    }
    expect(alice.untaken('peer_authentication')).toBe(2);
    for (const asked of [3, 4, 4, 4]) {
      answers.shift()?.({ decision: 'accept' });
      await turn();
      expect(alice.untaken('peer_authentication')).toBe(asked);
    }
    expect(await alice.tracker.list_requests({ groupId, after: '' })).toEqual({
      requests: [],
      next: '',
      mayBeStale: false,
    });
  });

  it('ends with leave_group, which withdraws the request', async () => {
    await using scene = await createMemoryScene();
    const never = Promise.withResolvers<{ decision: 'undecided' }>();
    await admin(scene, () => never.promise);
    const bob = await scene.logIn('bob');
    const joining = expect(join(bob)).rejects.toMatchObject({ code: 'join_refused' });
    await turn();
    await bob.tracker.leave_group({ requestId: newRequestId(), groupId });
    await joining;
    expect(await standing(bob)).toBe('none');
    never.resolve({ decision: 'undecided' });
  });

  it('ends when the last member deletes the group by leaving, and says so', async () => {
    await using scene = await createMemoryScene();
    const alice = await admin(scene);
    const bob = await scene.logIn('bob');
    await join(bob);
    await alice.tracker.leave_group({ requestId: newRequestId(), groupId });
    await scene.clock.advanceAsync(0);
    expect(await bob.next('membership_changed')).toEqual({ groupId, standing: 'refused', index: 7 });
    expect(await alice.next('membership_changed')).toEqual({ groupId, standing: 'removed', index: 7 });
    expect(await bob.tracker.list_groups({ after: '' })).toEqual({ groups: [], next: '', mayBeStale: false });
  });
});

async function admin(scene: MemoryScene, decide?: PeerOptions['decide']): Promise<TestPeer> {
  const alice = await scene.logIn('alice', decide === undefined ? {} : { decide });
  await alice.createGroup(groupId);
  return alice;
}

function join(peer: TestPeer): Promise<{ readonly status: string }> {
  return peer.tracker.join_group({ requestId: newRequestId(), groupId });
}

async function standing(peer: TestPeer): Promise<string | undefined> {
  const { groups } = await peer.tracker.list_groups({ after: '' });
  return groups.find((group) => group.groupId === groupId)?.standing;
}
