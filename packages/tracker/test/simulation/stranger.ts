/**
 * A tracker of another cluster, by mistake or on purpose: it calls the trackers, and answers where one of them listened.
 *
 * It must not learn the cluster id, and nothing that it says may change anything.
 */
import { genesis } from '../../src/entry.ts';
import { fromHex } from '../../src/hex.ts';
import type { SyncAnswer, SyncRequest } from '../../src/messages.ts';
import type { Chance } from './chance.ts';
import { Violation } from './invariants.ts';
import { CLUSTER_ID, type World } from './world.ts';

const STRANGER = 'stranger';
const STORE_ID = '5a'.repeat(16);

/** Its own clusters' config is of a later epoch than anything here. */
const introduction = {
  clusterId: new Uint8Array(16).fill(0x5a),
  storeId: fromHex(STORE_ID),
  config: { epoch: 1_000_000, primary: STORE_ID, inSync: [STORE_ID] },
  committed: 1_000_000,
};

/** What it answers to a push. */
export const strangerAnswer: SyncAnswer = {
  head: genesis,
  entries: [],
  member: { ...introduction, outcome: 'accepted', snapshot: undefined },
};

/** Calls some tracker. */
export function callAsStranger({ trackers, network, counts }: World, chance: Chance): void {
  const to = chance.pick([...trackers.keys()]);
  const member = { ...introduction, kind: chance.pick(['push', 'pull'] as const), snapshot: undefined };
  const message: SyncRequest = chance.oneIn(4)
    ? { position: genesis, entries: [], member: undefined }
    : { position: genesis, entries: chance.oneIn(2) ? [] : [chance.random.bytes(40)], member };
  counts.strangers += 1;
  network.send(STRANGER, to, () => trackers.get(to)?.receive(message, requireNothing));
}

function requireNothing({ member, entries }: SyncAnswer): void {
  if (member === undefined && entries.length === 0) return;
  const isTold = member?.clusterId.every((byte, at) => byte === CLUSTER_ID[at]) ?? false;
  throw new Violation(isTold ? 'A stranger was told the cluster id' : 'A stranger was told something');
}
