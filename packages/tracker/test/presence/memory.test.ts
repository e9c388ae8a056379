/**
 * What presence costs in memory: counts, not timings, so that they hold on any machine.
 *
 * Each bound is what was measured and some more. A failure says that every known peer became dearer, or every announce;
 * where that is meant, measure again and say why.
 */
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { deviceKey } from '../../src/device-key.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { Presence } from '../../src/presence.ts';
import { createTestRandom } from '../helpers/random.ts';

// Optimized code leaves out some of the objects that the source makes, sooner or later: what the source makes is counted.
for (const compiler of ['opt', 'maglev', 'sparkplug']) setFlagsFromString(`--no-${compiler}`);
setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const PEERS = 5_000;
const PEERS_PER_FILE = 20;
/** So many addresses take more than a page. */
const MOVES = 2_000;
/** Measured: 135.2, always; 49 in the heap, some of it not for the peers; 3,070 and 13,440. */
const MOST = { peer: 140, peerInHeap: 62, announce: 3_900, answer: 16_800 };

describe('memory of presence', () => {
  it('for each peer that is known', () => {
    const presence = new Presence(DEFAULT_LIMITS, createTestRandom());
    collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let number = 0; number < PEERS; number += 1) announceAs(presence, number);
    collectGarbage();
    const heap = (process.memoryUsage().heapUsed - before) / PEERS;
    expect(presence.size).toEqual({ devices: PEERS, swarms: PEERS / PEERS_PER_FILE, shares: PEERS });
    expect(heap).toBeLessThan(MOST.peerInHeap);
    expect(presence.reservedBytes / PEERS).toBeLessThan(MOST.peer);
  });

  it('does not grow while devices move, and come and go', () => {
    const presence = new Presence(DEFAULT_LIMITS, createTestRandom());
    const live = (round: number): void => {
      const address = { ...addressOf(1), host: `2001:db8::${round.toString(16)}` };
      presence.announce(address, [{ ...fileOf(1), holding: 'partial' }], 0);
      announceAs(presence, 2);
      presence.removeDevice(addressOf(2).key);
    };
    live(0);
    const before = presence.reservedBytes;
    for (let round = 0; round < MOVES; round += 1) live(round);
    expect(presence.reservedBytes).toBe(before);
  });

  it('for an announce that changes nothing, and an answer that names 20 peers', () => {
    const presence = new Presence(DEFAULT_LIMITS, createTestRandom());
    for (let number = 0; number < PEERS_PER_FILE; number += 1) announceAs(presence, number);
    const address = addressOf(1);
    const announced = [{ ...fileOf(1), holding: 'partial' as const }];
    const announce = heapBytesOf(() => presence.announce(address, announced, 0));
    const draw = { except: '', most: 60, random: createTestRandom(), maxBytes: 60_000 };
    const answer = heapBytesOf(() => presence.encodedPeersOf(fileOf(1), draw));
    expect(announce).toBeLessThan(MOST.announce);
    expect(answer).toBeLessThan(MOST.answer);
  });
});

function announceAs(presence: Presence, number: number): void {
  presence.announce(addressOf(number), [{ ...fileOf(number), holding: 'partial' }], 0);
}

function addressOf(number: number) {
  const deviceId = new Uint8Array(32);
  new DataView(deviceId.buffer).setUint32(0, number);
  const host = `10.0.${number >> 8}.${number & 0xff}`;
  return { key: deviceKey(`user-${number}`, deviceId), host, port: 6_881 };
}

function fileOf(number: number) {
  return { groupId: 'group', root: String(Math.floor(number / PEERS_PER_FILE)).padStart(64, '0') };
}

/** Bytes of the heap for one call, once it is compiled; V8 counts all that it ever gave away, so no collection disturbs it. */
function heapBytesOf(task: () => unknown): number {
  const calls = 1_000;
  for (let call = 0; call < calls; call += 1) task();
  const before = totalAllocatedBytes();
  for (let call = 0; call < calls; call += 1) task();
  return (totalAllocatedBytes() - before) / calls;
}

function totalAllocatedBytes(): number {
  const { total_allocated_bytes: total } = getHeapStatistics();
  if (total === undefined) throw new Error('This Node.js does not count what is allocated');
  return total;
}
