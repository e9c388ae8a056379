/** What is sent and received keeps to its limit, on a clock that the test moves. */
import { createManualClock, drainMicrotasks } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { Pace } from '../src/shell/pace.ts';
import { Uplink } from '../src/shell/uplink.ts';
import { peerId } from '../src/swarm-events.ts';
import { createSeededRandom } from './support/seeded-random.ts';
import { instantLine } from './support/upload-lines.ts';

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

  it('takes nothing from the others for those who gave up', async () => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    pace.bytesPerSecond = 16 * KIB;
    const gone: string[] = [];
    const stays = new AbortController();
    const take = (name: string, { signal }: AbortController): void =>
      void pace.take(16 * KIB, signal).then(() => gone.push(name));
    take('first', stays);
    for (let time = 0; time < 100; time += 1) {
      const giver = new AbortController();
      take('gave up', giver);
      giver.abort();
    }
    take('second', stays);
    take('third', stays);
    await drainMicrotasks();
    expect(gone.filter((name) => name !== 'gave up')).toEqual(['first']);
    await pass(clock, 1);
    expect(gone.at(-1)).toBe('second');
    await pass(clock, 1);
    expect(gone.at(-1)).toBe('third');
    expect(gone).toHaveLength(103);
    expect(clock.scheduledTasks).toBe(0);
  });

  it('lets a long one go when all of it but a burst is paid for, and those after it then', async () => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    pace.bytesPerSecond = 64 * KIB;
    const gone: string[] = [];
    const take = (name: string, bytes: number, { signal }: AbortController): void =>
      void pace.take(bytes, signal).then(() => gone.push(`${name} at ${clock.now()}`));
    const [stays, giver] = [new AbortController(), new AbortController()];
    take('ten seconds', 640 * KIB, stays);
    take('a leaf', 16 * KIB, stays);
    await clock.advanceAsync(11_000);
    // Half a second goes at once, and a tenth is made up for.
    expect(gone).toEqual(['ten seconds at 9400', 'a leaf at 9900']);
    take('gives up', 640 * KIB, giver);
    await clock.advanceAsync(1_000);
    giver.abort();
    take('a second', 64 * KIB, stays);
    await clock.advanceAsync(2_000);
    expect(gone.slice(2)).toEqual(['gives up at 12000', 'a second at 12900']);
    expect(clock.scheduledTasks).toBe(0);
  });

  it('lets those who wait go at once when there is no limit any more', async () => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    pace.bytesPerSecond = 16 * KIB;
    const { signal } = new AbortController();
    const taking = Promise.all([1, 2, 3].map(() => pace.take(256 * KIB, signal)));
    pace.bytesPerSecond = undefined;
    await taking;
    expect(clock.scheduledTasks).toBe(0);
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
      ...{ line: instantLine(), receiver: peerId('a'), root: 'ab', want: [0], maxPieces: 1 },
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

  it('takes nobody for stalled who waits long because the limit became lower', async () => {
    const clock = createManualClock();
    const pace = new Pace(clock);
    const uplink = new Uplink({ clock, random: createSeededRandom(1), pace });
    const over = new AbortController();
    const stalled: string[] = [];
    const uploads = ['a', 'b', 'c'].map((name) =>
      uplink.open({
        ...{ line: instantLine(), receiver: peerId(name), root: 'ab', want: [0], maxPieces: 1 },
        have: { length: 1, has: () => true },
        onStalled: () => stalled.push(name),
      }),
    );
    const turns = uploads.map((upload) => upload.nextPiece(over.signal).catch(() => undefined));
    const begun = await Promise.all(turns.slice(0, 2));
    pace.bytesPerSecond = 16 * KIB;
    // Blocks from before the change: half a minute passes until one of them has both before it.
    const sending = uploads.slice(0, 2).map(async (upload) => {
      for (let block = 0; block < 3 && !over.signal.aborted; block += 1) {
        await upload.mayGo(256 * KIB, over.signal);
        if (!over.signal.aborted) upload.blockSent(256 * KIB);
      }
    });
    await pass(clock, SECONDS);
    expect(begun).toEqual([0, 0]);
    expect(stalled).toEqual([]);
    // Nor does anybody else begin in their place.
    expect(await Promise.race([turns[2], 'waits'])).toBe('waits');
    over.abort();
    await Promise.all([...sending, ...turns]);
    uplink.close();
  });
});

async function pass(clock: ReturnType<typeof createManualClock>, seconds: number): Promise<void> {
  for (let step = 0; step < seconds * 50; step += 1) {
    clock.advance(20);
    await drainMicrotasks();
  }
}
