import { mkdtempDisposable } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PinnedAddress, RpcError } from '@minitorrent/rpc-core';
import { formatDeviceId, isSameDevice } from '@minitorrent/rpc-core/identity';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it, vi } from 'vitest';
import { type KnownTrackers, openKnownTrackers } from '../src/places/known-trackers.ts';
import { pinTrackers } from '../src/places/pin-trackers.ts';
import type { WhoAnswers } from '../src/places/who-answers.ts';
import { createFakeReporter } from './support/fake-reporter.ts';

const device = (byte: number) => new Uint8Array(32).fill(byte);
const at = (host: string) => ({ host, port: 1 });

/** Trackers that answer as the devices of `devices`, by host; the others do not answer. */
async function start(devices: Readonly<Record<string, number>>) {
  const folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-pin-'));
  const whoAnswers = vi.fn<WhoAnswers>(async ({ host, pin }: PinnedAddress) => {
    const byte = devices[host];
    if (byte === undefined) throw new RpcError('connect_failed', `Cannot connect to ${host}`);
    if (pin !== undefined && !isSameDevice(pin, device(byte))) {
      throw new RpcError('wrong_identity', 'Another one answers');
    }
    return device(byte);
  });
  const reporter = createFakeReporter();
  const known: KnownTrackers = await openKnownTrackers(folder.path);
  const pin = (places: readonly PinnedAddress[], options: { readonly asksKnown: boolean }) =>
    pinTrackers(places, { known, whoAnswers, reporter, clock: createManualClock(), ...options });
  return {
    ...{ known, whoAnswers, reporter },
    pin: (...places: readonly PinnedAddress[]) => pin(places, { asksKnown: true }),
    pinWithoutAsking: (...places: readonly PinnedAddress[]) => pin(places, { asksKnown: false }),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

describe('pinTrackers', () => {
  it('learns once who answers, tells of it, and knows it the next time', async () => {
    await using scene = await start({ a: 7 });
    expect(await scene.pin(at('a'))).toEqual([{ ...at('a'), pin: device(7) }]);
    const event = { type: 'event', event: 'tracker-learned', address: 'a:1' };
    expect(scene.reporter.reports).toEqual([{ ...event, deviceId: formatDeviceId(device(7)) }]);
    expect(await scene.pin(at('a'))).toEqual([{ ...at('a'), pin: device(7) }]);
    expect(scene.reporter.reports).toHaveLength(1);
  });

  it('takes a pin that was written, and keeps it once it was proved', async () => {
    await using scene = await start({ a: 7 });
    await scene.known.learn({ ...at('a'), pin: device(6) });
    expect(await scene.pinWithoutAsking({ ...at('a'), pin: device(7) })).toEqual([
      { ...at('a'), pin: device(7) },
    ]);
    expect(scene.known.pinOf(at('a'))).toEqual(device(7));
    expect(scene.reporter.reports).toEqual([]);
  });

  it('does not keep a pin that is wrong, or that nobody proved', async () => {
    await using scene = await start({ a: 7 });
    await scene.known.learn({ ...at('a'), pin: device(7) });
    const wrong = scene.pinWithoutAsking({ ...at('a'), pin: device(6) });
    await expect(wrong).rejects.toMatchObject({ code: 'wrong_identity' });
    expect(scene.known.pinOf(at('a'))).toEqual(device(7));
    const away = { ...at('away'), pin: device(5) };
    expect(await scene.pin(away)).toEqual([away]);
    expect(scene.known.pinOf(away)).toBeUndefined();
  });

  it('stops where a tracker is another device than before, and keeps what it knew', async () => {
    await using scene = await start({ a: 7 });
    await scene.known.learn({ ...at('a'), pin: device(6) });
    for (const places of [[at('a')], [at('away'), at('a')]]) {
      await expect(scene.pin(...places)).rejects.toMatchObject({ code: 'wrong_identity' });
    }
    expect(scene.known.pinOf(at('a'))).toEqual(device(6));
    expect(await scene.pinWithoutAsking(at('a'))).toEqual([{ ...at('a'), pin: device(6) }]);
  });

  it('leaves out the one that is another device, as long as there is another tracker', async () => {
    await using scene = await start({ a: 7, b: 8 });
    await scene.known.learn({ ...at('a'), pin: device(6) });
    expect(await scene.pin(at('b'), at('a'))).toEqual([{ ...at('b'), pin: device(8) }]);
    expect(scene.reporter.reports).toMatchObject([
      { event: 'notice', message: 'A tracker is left out: Another one answers' },
      { event: 'tracker-learned', address: 'b:1' },
    ]);
    expect(scene.known.pinOf(at('a'))).toEqual(device(6));
  });

  it('goes on with one that is known and does not answer', async () => {
    await using scene = await start({});
    await scene.known.learn({ ...at('a'), pin: device(6) });
    expect(await scene.pin(at('a'))).toEqual([{ ...at('a'), pin: device(6) }]);
    expect(scene.reporter.reports).toEqual([]);
  });

  it('leaves out one that nobody knows and that does not answer, as long as there is another', async () => {
    await using scene = await start({ b: 8 });
    expect(await scene.pin(at('a'), at('b'))).toEqual([{ ...at('b'), pin: device(8) }]);
    expect(scene.reporter.reports).toMatchObject([
      { event: 'notice', message: expect.stringContaining('Cannot connect to a') },
      { event: 'tracker-learned', address: 'b:1' },
    ]);
    await expect(scene.pin(at('a'))).rejects.toMatchObject({ code: 'connect_failed' });
  });

  it('does not take a defect for a tracker that is away', async () => {
    await using scene = await start({ b: 8 });
    scene.whoAnswers.mockRejectedValueOnce(new TypeError('defect'));
    await expect(scene.pin(at('a'), at('b'))).rejects.toThrow('defect');
  });
});
