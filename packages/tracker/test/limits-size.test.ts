/** Whoever sends too much, seen from outside: frames before and after login, and what all hold together. */
import { defaultRpcLimits } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import {
  greeted,
  head,
  member,
  type Outsider,
  type OutsideScene,
  openOutsideScene,
} from './helpers/outsider.ts';

const KIB = 1_024;
const ENVELOPE = 32;
/** What becomes of a device that announces a payload of so many bytes, and sends a byte of it. */
async function outcome(
  scene: OutsideScene,
  device: Outsider,
  type: string,
  payloadBytes: number,
): Promise<string> {
  device.send(head(type, payloadBytes), new Uint8Array(1));
  // Whatever is refused is refused at once; whoever comes later is served later.
  const later = await greeted(scene);
  await later.isAlive();
  later.destroy();
  return device.isEnded || device.frames.some((frame) => frame.type === 'goodbye')
    ? await device.ended
    : 'taken';
}

describe('a frame before login', () => {
  it.each([
    ['the default', {}, defaultRpcLimits.unauthenticatedPayloadBytes],
    ['another limit', { unauthenticatedPayloadBytes: 600 }, 600],
  ])('has so many bytes and not one more, under %s', async (_what, rpcLimits, most) => {
    await using scene = await openOutsideScene({ rpcLimits });
    for (const type of ['login', 'create_user', 'sync', 'forward', 'nobody_knows']) {
      expect([type, await outcome(scene, await greeted(scene), type, most)]).toEqual([type, 'taken']);
      expect([type, await outcome(scene, await greeted(scene), type, most + 1)]).toEqual([type, 'bad_frame']);
    }
  });

  it('is refused by its head alone, before anything is kept for it', async () => {
    await using scene = await openOutsideScene();
    const before = process.memoryUsage().arrayBuffers;
    for (const size of [70_000, 0x7fff_ffff, 0xffff_ffff]) {
      expect(await outcome(scene, await greeted(scene), 'login', size)).toBe('bad_frame');
    }
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(16 * KIB * KIB);
  });
});

describe('a frame after login', () => {
  it.each([
    ['announce', 64 * KIB + ENVELOPE],
    ['list_groups', 64 * KIB + ENVELOPE],
    ['sync', 1_024 * KIB + ENVELOPE],
    ['nobody_knows', defaultRpcLimits.unknownPayloadBytes],
    ['ping', 4 * KIB],
  ])('%s has %i bytes and not one more', async (type, most) => {
    await using scene = await openOutsideScene();
    expect(await outcome(scene, await member(scene, 'ada'), type, most)).toBe('taken');
    expect(await outcome(scene, await member(scene, 'eve'), type, most + 1)).toBe('bad_frame');
  });
});

describe('what all connections hold together', () => {
  it('is bounded: the one that holds the most is given up, the others go on', async () => {
    expect(defaultRpcLimits.receiveBytes).toBe(256 * KIB * KIB);
    await using scene = await openOutsideScene({ rpcLimits: { receiveBytes: 100_000 } });
    const [small, large, idle] = [
      await member(scene, 'ada'),
      await member(scene, 'eve'),
      await greeted(scene),
    ];
    small.send(head('announce', 60_000), new Uint8Array(30_000));
    large.send(head('announce', 60_000), new Uint8Array(50_000));
    large.send(new Uint8Array(5_000));
    expect(await idle.isAlive()).toBe(true);
    small.send(new Uint8Array(20_000));
    expect(await large.ended).toBe('receive_overflow');
    expect(small.isEnded).toBe(false);
    small.send(new Uint8Array(10_000));
    // Sixty thousand zeros are no envelope.
    expect(await small.ended).toBe('bad_envelope');
    expect(await idle.isAlive()).toBe(true);
  });
});
