import { RpcError } from '@minitorrent/rpc-core';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { PeerError } from '../src/errors.ts';
import type { FileDescription } from '../src/file-description.ts';
import { FileInquiry, type FileInquiryOptions } from '../src/shell/file-inquiry.ts';

const me = new Uint8Array(32);
const peer = (number: number, port = number) =>
  ({
    userId: `u${number}`,
    deviceId: new Uint8Array(32).fill(number),
    host: 'h',
    port,
    holding: 'complete',
  }) as const;
const description = (...numbers: number[]): FileDescription => ({
  file: { name: 'a.bin', size: 10, pieceLength: 65_536, root: new Uint8Array(32).fill(9) },
  sharedBy: 'alice',
  peers: numbers.map((number) => peer(number)),
});
const unreachable = (): Promise<never> =>
  Promise.reject(new PeerError('tracker_unreachable', 'Nobody is there'));
const refused = (code: string) => (): Promise<never> =>
  Promise.reject(new RpcError(code, 'There is no such file', { remote: true }));

function setUp(changes: Partial<FileInquiryOptions>) {
  const clock = createManualClock();
  const onLearned = vi.fn();
  const onRefused = vi.fn();
  const closing = new AbortController();
  const inquiry = new FileInquiry({
    ...{ name: 'a.bin', deviceId: me, clock, onLearned, onRefused },
    requestFile: async () => undefined,
    check: () => undefined,
    ...changes,
  });
  const portsOf = (): number[] => [...inquiry.peers.values()].map(({ port }) => port);
  return { clock, inquiry, onLearned, onRefused, closing, portsOf, find: () => inquiry.find(closing.signal) };
}

describe('FileInquiry', () => {
  it('does not believe what its sharer did not sign, of a tracker or of an earlier run', async () => {
    const forged = new PeerError('bad_signature', 'Nobody signed it');
    const honest = { ...description(1), sharedBy: 'bob' };
    const check = ({ sharedBy }: { readonly sharedBy: string }) => (sharedBy === 'bob' ? undefined : forged);
    const { inquiry, find, clock, onLearned } = setUp({ check });
    const found = find();
    expect(() => inquiry.describe(description(1))).toThrow(forged);
    await expect(clock.runUntilSettled(found)).rejects.toBe(forged);
    expect(inquiry.description).toBeUndefined();
    expect(onLearned).not.toHaveBeenCalled();
    const resumed = setUp({ check, resumed: { description: description(1) } });
    const asked = resumed.find();
    await resumed.clock.advanceAsync(5_000);
    expect(resumed.inquiry.description).toBeUndefined();
    resumed.inquiry.describe(honest);
    expect(await resumed.clock.runUntilSettled(asked)).toMatchObject({ sharedBy: 'bob' });
  });

  it('answers what the tracker describes, and keeps all peers that anybody names but itself', async () => {
    const { clock, inquiry, find, portsOf, onLearned } = setUp({});
    const found = find();
    inquiry.describe(description(1, 2));
    inquiry.describe({ ...description(2, 3), peers: [peer(2), peer(3), { ...peer(4), deviceId: me }] });
    expect((await clock.runUntilSettled(found)).file.name).toBe('a.bin');
    inquiry.peersFound([peer(5), peer(1)]);
    expect(portsOf()).toEqual([2, 3, 5, 1]);
    expect(onLearned).toHaveBeenLastCalledWith(inquiry.description);
    expect(inquiry.description?.peers).toEqual([2, 3, 5, 1].map((number) => peer(number)));
  });

  it('has something to remember only when a peer is new, or has moved', () => {
    const { inquiry, onLearned } = setUp({});
    inquiry.describe(description(1, 2));
    onLearned.mockClear();
    inquiry.peersFound([peer(1), peer(2)]);
    expect(onLearned).not.toHaveBeenCalled();
    inquiry.peersFound([peer(2, 77)]);
    expect(onLearned).toHaveBeenCalledTimes(1);
  });

  it('does not take another file of that name for this one', () => {
    const { inquiry, portsOf } = setUp({});
    expect(inquiry.describe(description(1))).toBe(true);
    const other = description(2);
    const root = new Uint8Array(32).fill(8);
    expect(inquiry.describe({ ...other, file: { ...other.file, root } })).toBe(false);
    expect(portsOf()).toEqual([1]);
  });

  it('fails as the tracker does when the download is new, and when no description follows', async () => {
    const refusal = setUp({ requestFile: refused('unknown_file') });
    await expect(refusal.clock.runUntilSettled(refusal.find())).rejects.toMatchObject({
      code: 'unknown_file',
    });
    const silence = setUp({ requestFile: unreachable });
    await expect(silence.clock.runUntilSettled(silence.find())).rejects.toMatchObject({
      code: 'tracker_unreachable',
    });
    const nothing = setUp({});
    await expect(nothing.clock.runUntilSettled(nothing.find())).rejects.toMatchObject({
      code: 'no_description',
    });
  });

  it('asks until it is answered when the download goes on after a restart', async () => {
    let asked = 0;
    const { clock, inquiry, find } = setUp({
      resumed: { description: undefined },
      requestFile: async () => {
        asked += 1;
        if (asked === 1) return await unreachable();
        if (asked === 2) return await refused('no_primary')();
        inquiry.describe(description(1));
      },
    });
    expect((await clock.runUntilSettled(find())).peers).toHaveLength(1);
    expect(asked).toBe(3);
    expect(clock.scheduledTasks).toBe(0);
  });

  it('fails when a tracker refuses what goes on after a restart', async () => {
    const { clock, find } = setUp({
      resumed: { description: undefined },
      requestFile: refused('not_a_member'),
    });
    await expect(clock.runUntilSettled(find())).rejects.toMatchObject({ code: 'not_a_member' });
  });

  it('does with what it remembers where nobody answers soon, and hears of a refusal later', async () => {
    let answer: () => Promise<void> = unreachable;
    const resumed = { description: description(1, 2) };
    const { clock, find, portsOf, onRefused, closing } = setUp({ resumed, requestFile: () => answer() });
    expect((await clock.runUntilSettled(find())).file).toEqual(description().file);
    expect(clock.now()).toBeLessThanOrEqual(2_000);
    expect(portsOf()).toEqual([1, 2]);
    await clock.advanceAsync(10_000);
    expect(onRefused).not.toHaveBeenCalled();
    answer = refused('unknown_file');
    await clock.advanceAsync(2_000);
    expect(onRefused).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'unknown_file' }));
    closing.abort();
  });

  it('believes a tracker that answers soon more than what it remembers', async () => {
    const root = new Uint8Array(32).fill(8);
    const today: FileDescription = { ...description(3), file: { ...description().file, root } };
    const { clock, inquiry, find, portsOf } = setUp({
      resumed: { description: description(1) },
      requestFile: async () => void inquiry.describe(today),
    });
    expect((await clock.runUntilSettled(find())).file.root).toEqual(root);
    expect(portsOf()).toEqual([3]);
    expect(clock.now()).toBe(0);
  });

  it('ends with the reason of whoever stops it', async () => {
    for (const resumed of [undefined, { description: undefined }, { description: description(1) }]) {
      const requestFile = vi.fn(
        (signal: AbortSignal): Promise<never> =>
          new Promise((_, reject) => signal.addEventListener('abort', () => unreachable().catch(reject))),
      );
      const { clock, find, closing } = setUp({ requestFile, ...(resumed && { resumed }) });
      const found = find();
      const reason = new PeerError('closed', 'This peer is closed');
      closing.abort(reason);
      if (resumed !== undefined) await expect(clock.runUntilSettled(found)).rejects.toBe(reason);
      else await expect(clock.runUntilSettled(found)).rejects.toMatchObject({ code: 'tracker_unreachable' });
      expect(requestFile).toHaveBeenCalledTimes(1);
      expect(clock.scheduledTasks).toBe(0);
    }
  });
});
