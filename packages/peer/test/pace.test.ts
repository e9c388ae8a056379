/** What is sent and received keeps to its limit, on a clock that the test moves. */
import { createManualClock, drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { Pace } from '../src/shell/pace.ts';
import { Uplink } from '../src/shell/uplink.ts';
import { peerId } from '../src/swarm-events.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const KIB = 1024;
const SECONDS = 60;

describe('Pace', () => {
  it('holds its limit within 3 % for several at once, each of whom gets as much', async () => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    pace.bytesPerSecond = 700 * KIB;
    const over = new AbortController();
    const taken = [0, 0, 0];
    const takers = taken.map(async (_, taker) => {
      while (!over.signal.aborted) {
        await pace.take(16 * KIB, over.signal);
        if (!over.signal.aborted) taken[taker] = (taken[taker] ?? 0) + 16 * KIB;
      }
    });
    await pass(clock, SECONDS);
    over.abort();
    await Promise.all(takers);
    const sum = taken.reduce((all, bytes) => all + bytes, 0);
    expect(Math.abs(sum / (SECONDS * 700 * KIB) - 1)).toBeLessThan(0.03);
    expect(Math.max(...taken) / Math.min(...taken)).toBeLessThan(1.03);
  });
});

describe('an uplink', () => {
  it.each([16, 64, 1_000, 40_000])('keeps to %i KiB a second, as near as three in a hundred', async (kib) => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    pace.bytesPerSecond = kib * KIB;
    const uplink = new Uplink({ clock, random: createSeededRandom(1), pace });
    const over = new AbortController();
    let stalled = 0;
    using upload = uplink.open({
      ...{ receiver: peerId('a'), root: 'ab', want: [0], maxPieces: 1 },
      have: { length: 1, has: () => true },
      onStalled: () => {
        stalled += 1;
      },
    });
    await upload.nextPiece(over.signal);
    let sent = 0;
    const sending = (async () => {
      while (!over.signal.aborted) {
        const bytes = upload.blockBytes();
        await upload.mayGo(bytes, over.signal);
        if (over.signal.aborted) return;
        upload.blockSent(bytes);
        sent += bytes;
      }
    })();
    await pass(clock, SECONDS);
    over.abort();
    await sending;
    uplink.close();
    expect(Math.abs(sent / (SECONDS * kib * KIB) - 1)).toBeLessThan(0.03);
    expect(stalled).toBe(0);
  });
});

async function pass(clock: ReturnType<typeof createManualClock>, seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 50; step += 1) {
    clock.advance(20);
    await drainMicrotasks();
  }
}
