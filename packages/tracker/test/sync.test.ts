/** `sync`: another tracker, or nobody, reads the journal. */
import { describe, expect, it } from 'vitest';
import { genesis, openRecord } from '../src/entry.ts';
import { createMemoryJournal } from '../src/journal/memory-journal.ts';
import { MESSAGE_LIMITS } from '../src/message-limits.ts';
import { noConfig } from '../src/register.ts';
import { createClusterScene } from './helpers/cluster-scene.ts';
import { createMemoryScene } from './helpers/memory-scene.ts';
import { chain } from './journal-contract.ts';

const allowSync = (): boolean => true;

describe('sync', () => {
  it('answers the entries after a position, as many as a message holds, until the head', async () => {
    const records = chain(2_500);
    const journal = createMemoryJournal({ records, snapshot: undefined });
    await using scene = await createMemoryScene({ journal, allowSync });
    const peer = await scene.connect();
    let position = genesis;
    const counts: number[] = [];
    for (;;) {
      const { head, entries } = await peer.tracker.sync({ position, entries: [] });
      expect(head).toEqual(records.at(-1)?.position);
      if (entries.length === 0) break;
      counts.push(entries.length);
      for (const bytes of entries) {
        const known = records[position.index];
        if (known === undefined) throw new Error('an entry that was not written');
        openRecord({ bytes, position: known.position }, position);
        position = known.position;
      }
    }
    expect(counts).toEqual([MESSAGE_LIMITS.entriesPerSync, MESSAGE_LIMITS.entriesPerSync, 452]);
  });

  it('hands out nothing that the other trackers may not have, though it is durable here', async () => {
    await using scene = createClusterScene();
    await scene.start(0, { allowSync });
    await scene.until(() => scene.roles()[0] === 'primary');
    await scene.start(1);
    await scene.until(() => scene.roles()[1] === 'backup');
    const alice = await scene.logIn(0, 'alice');
    const before = await alice.tracker.sync({ position: genesis, entries: [] });
    // The backup is lost, and cannot be taken out without the register.
    scene.isRegisterAway = true;
    await scene.kill(1);
    alice.createGroup('lonely').catch(() => undefined);
    await scene.until(() => scene.tracker(0).status().headIndex > before.head.index);
    expect(await alice.tracker.sync({ position: genesis, entries: [] })).toEqual(before);
    expect(await alice.tracker.sync({ position: before.head, entries: [] })).toEqual({
      head: before.head,
      entries: [],
    });
  });

  it('is for those alone whom the tracker lets', async () => {
    const hosts: string[] = [];
    await using scene = await createMemoryScene({
      allowSync: (connection) => {
        hosts.push(connection.remote.remote.host);
        return connection.remote.remote.host === 'other-tracker';
      },
    });
    const request = { position: genesis, entries: [] };
    const stranger = await scene.connect({ host: 'stranger' });
    await expect(stranger.tracker.sync(request)).rejects.toMatchObject({ code: 'not_allowed' });
    const other = await scene.connect({ host: 'other-tracker' });
    expect(await other.tracker.sync(request)).toEqual({ head: genesis, entries: [] });
    expect(hosts).toEqual(['stranger', 'other-tracker']);
  });

  it('is for no tracker of a cluster where there is none', async () => {
    await using scene = await createMemoryScene({ allowSync });
    const peer = await scene.connect();
    const about = { clusterId: new Uint8Array(16), storeId: new Uint8Array(16), config: noConfig };
    const member = { kind: 'pull', ...about, committed: 0 } as const;
    await expect(peer.tracker.sync({ position: genesis, entries: [], member })).rejects.toMatchObject({
      code: 'not_allowed',
      message: expect.stringContaining('--join'),
    });
  });

  it('takes no entries, and says when the journals have parted', async () => {
    const journal = createMemoryJournal({ records: chain(5), snapshot: undefined });
    await using scene = await createMemoryScene({ journal, allowSync });
    const peer = await scene.connect();
    const push = peer.tracker.sync({ position: genesis, entries: [new Uint8Array(9)] });
    await expect(push).rejects.toMatchObject({ code: 'not_allowed' });
    const position = { epoch: 1, index: 3, hash: new Uint8Array(32) };
    await expect(peer.tracker.sync({ position, entries: [] })).rejects.toMatchObject({ code: 'diverged' });
  });
});
