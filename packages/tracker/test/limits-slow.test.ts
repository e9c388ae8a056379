/** Whoever is slow, seen from outside: each wait has an end that can be set, and whose default stands in `limits.ts`. */
import { defaultRpcLimits } from '@minitorrent/rpc-core';
import { defaultTlsLimits } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { head, isClosed, openOutsideScene } from './helpers/outsider.ts';

const HELLO_HEAD = head('hello', 7);

/** Lets what is on its way arrive: another device is served, whose bytes came later. */
async function settle(scene: Awaited<ReturnType<typeof openOutsideScene>>): Promise<void> {
  const other = await scene.device();
  await other.greet();
  other.destroy();
}

describe.each([
  ['the default', {}, defaultTlsLimits.handshakeMs],
  ['another limit', { tlsLimits: { handshakeMs: 700 } }, 700],
])('a handshake that does not go on, under %s', (_what, limits, handshakeMs) => {
  it.each([
    ['nothing at all', new Uint8Array()],
    ['the head of a record', Uint8Array.of(22, 3, 1, 2)],
    ['a record that stops', Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 0x01, 0xfc, 3, 3)],
  ])('is ended in its time, and not before: %s', async (_sent, bytes) => {
    await using scene = await openOutsideScene(limits);
    const socket = await scene.stranger();
    socket.write(bytes);
    await settle(scene);
    await scene.clock.advanceAsync(handshakeMs - 1);
    await settle(scene);
    expect(socket.closed).toBe(false);
    await scene.clock.advanceAsync(1);
    await isClosed(socket);
  });
});

describe.each([
  ['the defaults', {}, defaultRpcLimits],
  [
    'other limits',
    { helloMs: 900, partialFrameGraceMs: 800, pingAfterMs: 1_000, closeAfterMs: 3_000 },
    { helloMs: 900, partialFrameGraceMs: 800, pingAfterMs: 1_000, closeAfterMs: 3_000 },
  ],
])(
  'a device that is slow, under %s',
  (_what, rpcLimits, { helloMs, partialFrameGraceMs, pingAfterMs, closeAfterMs }) => {
    it('does not greet: handshake_timeout', async () => {
      await using scene = await openOutsideScene({ rpcLimits });
      const device = await scene.device();
      await device.next('hello');
      await scene.clock.advanceAsync(helloMs - 1);
      expect(device.isEnded).toBe(false);
      await scene.clock.advanceAsync(1);
      expect(await device.ended).toBe('handshake_timeout');
    });

    it('greets byte by byte: handshake_timeout, and no more time for each byte', async () => {
      await using scene = await openOutsideScene({ rpcLimits });
      const device = await scene.device();
      await device.next('hello');
      for (const byte of HELLO_HEAD.subarray(0, 5)) {
        device.send(Uint8Array.of(byte));
        await settle(scene);
        await scene.clock.advanceAsync(Math.ceil(helloMs / 5));
      }
      expect(await device.ended).toMatch(/^(handshake_timeout|frame_too_slow)$/);
    });

    it('begins a frame and does not go on: frame_too_slow', async () => {
      await using scene = await openOutsideScene({ rpcLimits });
      const device = await scene.device();
      await device.greet();
      device.send(head('login', 4_000), new Uint8Array(10));
      await settle(scene);
      await scene.clock.advanceAsync(partialFrameGraceMs - 1);
      expect(device.isEnded).toBe(false);
      await scene.clock.advanceAsync(2_000);
      expect(await device.ended).toBe('frame_too_slow');
    });

    it('says nothing: is asked for a sign of life, and then idle_timeout', async () => {
      await using scene = await openOutsideScene({ rpcLimits });
      const device = await scene.device();
      await device.greet();
      await device.isAlive();
      await scene.clock.advanceAsync(pingAfterMs);
      expect(await device.next('ping')).toBe(true);
      await scene.clock.advanceAsync(closeAfterMs - pingAfterMs - 1);
      expect(device.isEnded).toBe(false);
      await scene.clock.advanceAsync(1);
      expect(await device.ended).toBe('idle_timeout');
    });
  },
);
