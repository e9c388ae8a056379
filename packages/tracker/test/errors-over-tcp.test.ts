/** Every refusal, as a peer sees it through a real socket: its code, and a sentence that says what to do. */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { describe, expect, it } from 'vitest';
import { genesis } from '../src/entry.ts';
import type { TrackerErrorCode } from '../src/errors.ts';
import type { Tracker, TrackerOptions } from '../src/shell/create-tracker.ts';
import { createFakeJournal } from './helpers/fake-journal.ts';
import { testFile } from './helpers/files.ts';
import { connectPeer, newRequestId, PASSWORD, startTracker, type TestPeer } from './helpers/peers.ts';

const network = createTcpNetwork();
const file = testFile('film.mkv');
const groupId = 'friends';
const clusterId = new Uint8Array(16);

/** alice is the admin of `friends`, bob a member, carol an outsider, dave not logged in. */
interface Scene {
  readonly tracker: Tracker;
  readonly alice: TestPeer;
  readonly bob: TestPeer;
  readonly carol: TestPeer;
  readonly dave: TestPeer;
}

/** What is tried, in a scene in which `film.mkv` is shared by alice. */
const refusals: readonly (readonly [TrackerErrorCode, string, (scene: Scene) => Promise<unknown>])[] = [
  ['user_exists', 'a second user of the same name', ({ dave }) => createUser(dave, 'alice')],
  ['user_exists', 'one name for two at the same time', ({ carol, dave }) => createTwice(carol, dave)],
  ['weak_password', 'a password that is too short', ({ dave }) => createUser(dave, 'erin', 'elevenchars')],
  ['wrong_password', 'a wrong password', ({ dave }) => login(dave, 'alice', 'wrong horse battery')],
  ['wrong_password', 'a user who does not exist', ({ dave }) => login(dave, 'nobody', PASSWORD)],
  ['already_logged_in', 'a login after a login', ({ alice }) => login(alice, 'bob', PASSWORD)],
  [
    'not_logged_in',
    'a session without a proof',
    ({ dave }) => dave.tracker.resume_session({ userId: 'alice' }),
  ],
  ['not_logged_in', 'list_devices', ({ dave }) => dave.tracker.list_devices({})],
  ['not_logged_in', 'revoke_device', ({ dave }) => revoke(dave)],
  ['not_logged_in', 'change_password', ({ dave }) => changePassword(dave)],
  ['wrong_password', 'a change of the password by a wrong one', ({ bob }) => changePassword(bob)],
  ['unknown_device', 'the removal of a device of another user', ({ bob, carol }) => revoke(bob, carol)],
  ['device_revoked', 'a login on a device that was revoked', ({ bob, dave }) => logInRevoked(bob, dave)],
  ['not_logged_in', 'create_group', ({ dave }) => dave.createGroup('new')],
  ['not_logged_in', 'join_group', ({ dave }) => join(dave)],
  ['not_logged_in', 'leave_group', ({ dave }) => leave(dave)],
  ['not_logged_in', 'list_groups', ({ dave }) => dave.tracker.list_groups({ after: '' })],
  ['not_logged_in', 'list_requests', ({ dave }) => dave.tracker.list_requests({ groupId: '', after: '' })],
  ['not_logged_in', 'accept_request', ({ dave }) => accept(dave, 'carol')],
  ['not_logged_in', 'reject_request', ({ dave }) => reject(dave, 'carol')],
  ['not_logged_in', 'list_file', ({ dave }) => dave.tracker.list_file({ groupId, after: '' })],
  ['not_logged_in', 'upload_file', ({ dave }) => upload(dave)],
  ['not_logged_in', 'download_file', ({ dave }) => download(dave)],
  ['not_logged_in', 'stop_sharing', ({ dave }) => stopSharing(dave)],
  ['not_logged_in', 'announce', ({ dave }) => dave.announce(groupId, file.root)],
  ['not_logged_in', 'logout', ({ dave }) => dave.tracker.logout({})],
  ['not_logged_in', 'a call after logout', ({ alice }) => alice.tracker.logout({}).then(() => join(alice))],
  ['group_exists', 'a second group of the same name', ({ carol }) => carol.createGroup(groupId)],
  ['unknown_group', 'join a group that does not exist', ({ carol }) => join(carol, 'strangers')],
  ['unknown_group', 'list a group that does not exist', ({ carol }) => list(carol, 'strangers')],
  ['already_member', 'a join by a member', ({ bob }) => join(bob)],
  ['not_a_member', 'a list by an outsider', ({ carol }) => list(carol)],
  ['not_a_member', 'a download by an outsider', ({ carol }) => download(carol)],
  ['not_a_member', 'an upload by an outsider', ({ carol }) => upload(carol)],
  ['not_a_member', 'a leave by an outsider', ({ carol }) => leave(carol)],
  [
    'not_a_member',
    'a download while the request waits',
    ({ carol }) => join(carol).then(() => download(carol)),
  ],
  ['not_an_admin', 'an acceptance by a member', ({ bob }) => accept(bob, 'carol')],
  [
    'not_an_admin',
    'a list of requests by a member',
    ({ bob }) => bob.tracker.list_requests({ groupId, after: '' }),
  ],
  ['unknown_request', 'an acceptance of nobody', ({ alice }) => accept(alice, 'carol')],
  ['unknown_request', 'a refusal of nobody', ({ alice }) => reject(alice, 'carol')],
  ['last_admin', 'a leave by the last admin', ({ alice }) => leave(alice)],
  ['file_exists', 'the same file again', ({ alice }) => upload(alice)],
  [
    'file_exists',
    'another file of the same name',
    ({ bob }) => upload(bob, { ...file, root: new Uint8Array(32).fill(1) }),
  ],
  ['unknown_file', 'a download of a file that does not exist', ({ bob }) => download(bob, 'none.mkv')],
  ['unknown_file', 'an end to a file that does not exist', ({ alice }) => stopSharing(alice, 'none.mkv')],
  ['not_the_sharer', 'an end by another member', ({ bob }) => stopSharing(bob)],
  ['not_allowed', 'a sync by anybody', ({ alice }) => alice.tracker.sync({ position: genesis, entries: [] })],
  ['not_allowed', 'a change for another user', ({ alice }) => forward(alice)],
  ['not_allowed', 'a promotion by anybody', ({ alice }) => alice.tracker.promote({ clusterId })],
  ['request_id_reused', 'one request id for two groups', ({ carol }) => reuseId(carol)],
  ['rate_limited', 'too many announces', ({ bob }) => announceOften(bob)],
  ['too_many_attempts', 'too many failed logins', ({ dave }) => failOften(dave)],
  ['limit_reached', 'more groups than one may have', ({ carol }) => makeGroups(carol, 3)],
];

describe('a tracker over TCP', () => {
  it.each(refusals)('refuses with %s: %s', async (code, _, attempt) => {
    await using scene = await createScene();
    const error: unknown = await attempt(scene).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ name: 'RpcError', code, remote: true });
    expect(String(error)).not.toMatch(/correct horse|wrong horse|\$argon2/);
    // The connection lives on.
    await expect(scene.dave.tracker.logout({})).rejects.toMatchObject({ code: 'not_logged_in' });
  });

  it('refuses a join that an admin refuses', async () => {
    await using scene = await createScene({}, async () => ({ decision: 'refuse' }));
    await expect(join(scene.carol)).rejects.toMatchObject({ code: 'join_refused', remote: true });
  });

  it('refuses names that are paths, empty, or not whole, before any handler sees them', async () => {
    await using scene = await createScene();
    const name = { ...file, name: '../etc/passwd' };
    for (const attempt of [
      upload(scene.alice, name),
      scene.alice.createGroup('a/b'),
      scene.alice.createGroup(''),
      createUser(scene.dave, 'white space'),
    ]) {
      await expect(attempt).rejects.toMatchObject({ code: 'bad_request' });
    }
  });

  it('refuses a file whose root and size do not fit together', async () => {
    await using scene = await createScene();
    for (const change of [{ root: new Uint8Array(32) }, { size: 0 }]) {
      const impossible = { ...file, name: 'other.mkv', ...change };
      await expect(upload(scene.alice, impossible)).rejects.toMatchObject({ code: 'bad_request' });
    }
  });

  it('says busy when too many passwords wait', async () => {
    await using scene = await createScene({
      limits: { passwordsAtOnce: 1, passwordsQueued: 1 },
    });
    const attempts = await Promise.allSettled(
      ['x', 'y', 'z', 'w'].map((userId) => createUser(scene.dave, `user-${userId}`)),
    );
    const codes = attempts.map((attempt) => (attempt.status === 'rejected' ? attempt.reason.code : 'done'));
    expect(codes.filter((code) => code === 'busy')).toHaveLength(2);
  });

  it('says that it no longer writes when its journal failed, and still lists', async () => {
    const journal = createFakeJournal();
    await using tracker = await startTracker({ network, journal });
    await using alice = await connectPeer({ network, address: tracker.address });
    const signingUp = alice.signUp('alice');
    await flushUntil(journal, signingUp);
    await signingUp;
    const lost = expect(alice.createGroup('lost')).rejects.toMatchObject({ code: 'unconfirmed' });
    await waitFor(() => journal.waiting.length > 0);
    await journal.fail(new Error('no space left on device'));
    await lost;
    await expect(alice.createGroup('another')).rejects.toMatchObject({
      code: 'read_only',
      message: expect.stringContaining('no space left on device'),
    });
    expect(await alice.tracker.list_groups({ after: '' })).toEqual({
      groups: [],
      next: '',
      mayBeStale: false,
    });
    expect(await tracker.stats()).toMatchObject({ mode: 'read_only', users: 1, groups: 0 });
  });
});

async function createScene(
  options: Partial<TrackerOptions> = {},
  decide?: Parameters<typeof connectPeer>[0]['decide'],
): Promise<Scene & AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  const limits = { joinAnswerMs: 5_000, groupsPerUser: 3, ...options.limits };
  const tracker = stack.use(await startTracker({ network, ...options, limits }));
  const { address } = tracker;
  let isReady = false;
  const alice = stack.use(
    await connectPeer({
      network,
      address,
      decide: async (request, context) => {
        if (isReady) return (await decide?.(request, context)) ?? { decision: 'undecided' };
        return { decision: 'accept' };
      },
    }),
  );
  const [bob, carol, dave] = [
    stack.use(await connectPeer({ network, address })),
    stack.use(await connectPeer({ network, address })),
    stack.use(await connectPeer({ network, address })),
  ];
  await alice.signUp('alice');
  await alice.createGroup(groupId);
  await upload(alice);
  await bob.signUp('bob');
  expect(await join(bob)).toEqual({ status: 'member' });
  await carol.signUp('carol');
  isReady = true;
  const resources = stack.move();
  return { tracker, alice, bob, carol, dave, [Symbol.asyncDispose]: () => resources.disposeAsync() };
}

function createUser(peer: TestPeer, userId: string, password = PASSWORD): Promise<unknown> {
  return peer.tracker.create_user({ requestId: newRequestId(), userId, password });
}

async function createTwice(one: TestPeer, other: TestPeer): Promise<void> {
  await Promise.all([createUser(one, 'erin'), createUser(other, 'erin')]);
}

function login(peer: TestPeer, userId: string, password: string): Promise<unknown> {
  return peer.tracker.login({ userId, password, deviceId: peer.deviceId });
}

function revoke(peer: TestPeer, { deviceId } = peer): Promise<unknown> {
  return peer.tracker.revoke_device({ requestId: newRequestId(), deviceId });
}

async function logInRevoked(owner: TestPeer, other: TestPeer): Promise<void> {
  await login(other, 'bob', PASSWORD);
  await other.tracker.logout({});
  await revoke(owner, other);
  await login(other, 'bob', PASSWORD);
}

function changePassword({ tracker }: TestPeer): Promise<unknown> {
  const change = { password: 'wrong horse battery', newPassword: 'another horse battery' };
  return tracker.change_password({ requestId: newRequestId(), ...change });
}

function join(peer: TestPeer, group = groupId): Promise<unknown> {
  return peer.tracker.join_group({ requestId: newRequestId(), groupId: group });
}

function leave(peer: TestPeer): Promise<unknown> {
  return peer.tracker.leave_group({ requestId: newRequestId(), groupId });
}

function accept(peer: TestPeer, userId: string): Promise<unknown> {
  return peer.tracker.accept_request({ requestId: newRequestId(), groupId, userId });
}

function reject(peer: TestPeer, userId: string): Promise<unknown> {
  return peer.tracker.reject_request({ requestId: newRequestId(), groupId, userId });
}

function list(peer: TestPeer, group = groupId): Promise<unknown> {
  return peer.tracker.list_file({ groupId: group, after: '' });
}

function upload(peer: TestPeer, descriptor = file): Promise<unknown> {
  return peer.tracker.upload_file({ requestId: newRequestId(), groupId, file: descriptor });
}

function download(peer: TestPeer, name = file.name): Promise<unknown> {
  return peer.tracker.download_file({ groupId, name });
}

function stopSharing(peer: TestPeer, name = file.name): Promise<unknown> {
  return peer.tracker.stop_sharing({ requestId: newRequestId(), groupId, name });
}

function forward(peer: TestPeer): Promise<unknown> {
  const change = { kind: 'leave_group', groupId, userId: 'bob', byDevice: new Uint8Array(32) } as const;
  return peer.tracker.forward({ clusterId, requestId: newRequestId(), change });
}

async function reuseId(peer: TestPeer): Promise<void> {
  const requestId = newRequestId();
  await peer.tracker.create_group({ requestId, groupId: 'one' });
  await peer.tracker.create_group({ requestId, groupId: 'one' });
  await peer.tracker.create_group({ requestId, groupId: 'two' });
}

async function announceOften(peer: TestPeer): Promise<void> {
  for (let count = 0; count < 20; count += 1) await peer.announce(groupId, file.root);
}

async function failOften(peer: TestPeer): Promise<void> {
  for (let count = 0; count < 20; count += 1) {
    await login(peer, 'alice', 'wrong horse battery').catch((error: { readonly code: string }) => {
      if (error.code !== 'wrong_password') throw error;
    });
  }
}

async function makeGroups(peer: TestPeer, count: number): Promise<void> {
  for (let number = 0; number <= count; number += 1) await peer.createGroup(`group-${number}`);
}

/** Makes durable whatever is appended, until `done`. */
async function flushUntil(
  journal: ReturnType<typeof createFakeJournal>,
  done: Promise<unknown>,
): Promise<void> {
  let isDone = false;
  const end = (): void => {
    isDone = true;
  };
  done.then(end, end);
  while (!isDone) await journal.flush();
}

/** Until `condition` holds; each look lets the event loop turn. */
async function waitFor(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
