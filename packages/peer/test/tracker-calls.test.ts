import { createSystemRandom } from '@minitorrent/rpc-core';
import { describe, expect, it, vi } from 'vitest';
import { MemberCalls } from '../src/shell/member-calls.ts';
import { TrackerCalls } from '../src/shell/tracker-calls.ts';
import { FakeTrackers, type TrackerHandlers } from './support/fake-trackers.ts';

const random = createSystemRandom();
const credentials = { userId: 'alice', password: 'a long password', deviceId: new Uint8Array(32) };
const loggingIn: Pick<TrackerHandlers, 'login'> = {
  login: async () => ({ memberships: [], mayBeStale: false }),
};

describe('TrackerCalls', () => {
  it('joins the pages of a list, which may be stale where one of them may be', async () => {
    const page = (...names: string[]) =>
      names.map((groupId) => ({ groupId, members: 1, files: 0, standing: 'none' as const }));
    await using trackers = await FakeTrackers.start([
      {
        list_groups: async ({ after }) =>
          after === ''
            ? { groups: page('a', 'b'), next: 'b', mayBeStale: true }
            : { groups: page('c'), next: '', mayBeStale: false },
      },
    ]);
    const groups = await new TrackerCalls(trackers.links(), random).listGroups();
    expect(groups.items.map(({ groupId }) => groupId)).toEqual(['a', 'b', 'c']);
    expect(groups.mayBeStale).toBe(true);
  });

  it('joins the pages of who waits to join', async () => {
    const page = (...names: string[]) =>
      names.map((userId) => ({ groupId: 'films', userId, requestedAtMs: 1, deviceIds: [], memberEpoch: 1 }));
    await using trackers = await FakeTrackers.start([
      {
        list_requests: async ({ groupId, after }) => {
          expect(groupId).toBe('films');
          if (after === '') return { requests: page('ann', 'bob'), next: 'films/bob', mayBeStale: false };
          expect(after).toBe('films/bob');
          return { requests: page('carol'), next: '', mayBeStale: false };
        },
      },
    ]);
    const requests = await new MemberCalls(trackers.links(), random).listRequests('films');
    expect(requests.items.map(({ userId }) => userId)).toEqual(['ann', 'bob', 'carol']);
    expect(requests.mayBeStale).toBe(false);
  });

  it('asks every tracker that has the presence of the group for a file, so that each names the peers it knows', async () => {
    const asked = [vi.fn(async () => ({})), vi.fn(async () => ({}))];
    await using trackers = await FakeTrackers.start(
      asked.map((download_file) => ({ ...loggingIn, download_file })),
    );
    const links = trackers.links();
    await links.login(credentials);
    await vi.waitFor(() => expect(links.keepersOf('films')).toHaveLength(2), 20_000);
    await new TrackerCalls(links, random).downloadFile('films', 'a.bin');
    await vi.waitFor(() => expect(asked.map((ask) => ask.mock.calls.length)).toEqual([1, 1]), 20_000);
  });

  it.each(['', 'a b', 'a/b', '\u001b[2J', 'x'.repeat(65)])(
    'refuses the name %j before it is sent',
    async (name) => {
      await using trackers = new FakeTrackers([{}]);
      const calls = new TrackerCalls(trackers.links(), random);
      const refused = { code: 'bad_name' };
      await expect(calls.createUser(name, 'a long password')).rejects.toMatchObject(refused);
      const members = new MemberCalls(trackers.links(), random);
      await expect(members.joinGroup(name, undefined)).rejects.toMatchObject(refused);
      await expect(members.acceptRequest('films', name, [])).rejects.toMatchObject(refused);
      await expect(calls.listFiles(name)).rejects.toMatchObject(refused);
    },
  );
});
