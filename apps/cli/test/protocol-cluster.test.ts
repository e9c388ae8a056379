/**
 * What `PROTOCOL.md` says of several trackers against the code: where presence is kept, what a primary, a backup and one
 * that was promoted answer, byte by byte, and the state that a snapshot is.
 */
import { createHash } from 'node:crypto';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import {
  createMemoryJournal,
  createMemoryRegister,
  createTracker,
  RegisterCell,
  type Tracker,
} from '@minitorrent/tracker';
import { rendezvousOrder, trackerContract } from '@minitorrent/tracker/contract';
import { decode, encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { conversation, play } from './protocol/conversation.ts';
import { blocks, entries } from './protocol/document.ts';
import { readLayouts, readType } from './protocol/layout.ts';
import { bodyOf, messagesOf } from './protocol/messages.ts';
import { toHex } from './protocol/values.ts';

const layouts = readLayouts(
  blocks('layout')
    .map(({ text }) => text)
    .join('\n'),
);
const messages = messagesOf([trackerContract]);
const address = { host: 'tracker-1', port: 7_700 };
const HASH_BYTES = 32;

describe('conversations of PROTOCOL.md between trackers', () => {
  it('with the primary: it answers these bytes', async () => {
    await using scene = await startTracker(new RegisterCell());
    await scene.playAs('primary', 'primary');
  });

  it('with a backup: it answers these bytes', async () => {
    const [self, primary] = ['01'.repeat(16), '02'.repeat(16)];
    const config = { epoch: 1, primary, inSync: [primary, self] };
    await using scene = await startTracker(new RegisterCell(config));
    await scene.playAs('backup', 'backup');
  });

  it('with a tracker that a person promoted: it answers these bytes', async () => {
    await using scene = await startTracker();
    scene.tracker.promote();
    await scene.playAs('primary', 'promoted');
  });

  it.each([
    ['primary', 2],
    ['backup', 1],
    ['promoted', 1],
  ])('with a %s: bodies and entries are the document’s layouts', (title, count) => {
    const found = syncBodies(title).flatMap((body) => body.entries ?? []);
    for (const bytes of found) expect(reencoded('Entry', bytes)).toBe(toHex(bytes));
    expect(found).toHaveLength(count);
  });

  it('with the primary: the snapshot is a state of the document’s layout, and its hash', () => {
    const [snapshot] = syncBodies('primary').flatMap(({ member }) => member?.snapshot?.bytes ?? []);
    if (snapshot === undefined) throw new Error('The conversation has no snapshot');
    const state = snapshot.subarray(0, -HASH_BYTES);
    expect(reencoded('State', state)).toBe(toHex(state));
    const hash = createHash('sha256').update(state).digest('hex');
    expect(toHex(snapshot.subarray(-HASH_BYTES))).toBe(hash);
  });
});

describe('the order of trackers in PROTOCOL.md', () => {
  it.each(entries('order').map((entry) => entry.split(' : ')))('is that of group %s', (group, order) => {
    const trackers = order?.split(' ') ?? [];
    expect(rendezvousOrder(group ?? '', trackers.toSorted())).toEqual(trackers);
  });
});

interface Scene extends AsyncDisposable {
  readonly tracker: Tracker;
  /** Plays the conversation of that title with the tracker, once it has `role`. */
  playAs(role: string, title: string): Promise<void>;
}

/** Starts a tracker of a cluster, with the register of which `cell` is the content, or with none. */
async function startTracker(cell?: RegisterCell): Promise<Scene> {
  const clock = createManualClock();
  const network = createMemoryNetwork();
  const tracker = await createTracker({
    network: network.from(address.host),
    address,
    clock,
    random: { integer: () => 0, bytes: (length) => new Uint8Array(length).fill(9) },
    identity: createIdentity(),
    journal: createMemoryJournal({ records: [], snapshot: undefined, storeId: new Uint8Array(16).fill(1) }),
    cluster: {
      clusterId: new Uint8Array(16).fill(0xc1),
      peers: [{ host: 'tracker-2', port: 7_700 }],
      ...(cell === undefined ? {} : { register: createMemoryRegister(cell) }),
    },
  });
  return {
    tracker,
    playAs: async (role, title) => {
      expect(await clock.runUntil(() => tracker.status().role === role)).toBe(true);
      await play(conversation(title), { side: 'C', channel: await network.connect(address), clock });
    },
    [Symbol.asyncDispose]: () => tracker.close({ signal: AbortSignal.abort() }),
  };
}

interface SyncBody {
  readonly entries?: readonly Uint8Array[];
  readonly member?: { readonly snapshot?: { readonly bytes?: Uint8Array } };
}

/** The bodies of `sync` in both directions. */
function syncBodies(title: string): readonly SyncBody[] {
  const bodies = conversation(title).flatMap(({ type, payload }) => bodyOf(messages, type, payload));
  // Read by the codecs of `sync`, which have these fields.
  return bodies.filter(({ name }) => name.startsWith('sync.')).map(({ value }) => value as SyncBody);
}

/** The same value written again, by the document's layout. */
function reencoded(layout: string, bytes: Uint8Array): string {
  const codec = readType(layout, layouts);
  return toHex(encode(codec, decode(codec, bytes)));
}
