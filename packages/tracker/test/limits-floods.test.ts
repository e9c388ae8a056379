/** Whoever comes too often, seen from outside: connections of one source and of all, unfinished handshakes, calls. */
import { defaultRpcLimits } from '@minitorrent/rpc-core';
import { defaultTlsLimits } from '@minitorrent/rpc-core/tls';
import { encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { trackerContract } from '../src/contract.ts';
import {
  greeted,
  isClosed,
  member,
  type OutsideScene,
  openOutsideScene,
  request,
} from './helpers/outsider.ts';
import { PASSWORD } from './helpers/peers.ts';

describe('connections of one address that have not logged in', () => {
  it.each([
    ['the default', {}, defaultRpcLimits.unauthenticatedPerAddress],
    ['another limit', { unauthenticatedPerAddress: 3 }, 3],
  ])('are as many as allowed under %s; who logs in or leaves makes room', async (_what, rpcLimits, most) => {
    await using scene = await openOutsideScene({ rpcLimits });
    const known = await member(scene, 'ada');
    const strangers = await Promise.all(Array.from({ length: most }, () => greeted(scene)));
    const refused = await scene.device();
    expect(await refused.ended).toBe('none');
    expect(refused.frames).toEqual([]);
    expect(refusals(scene)).toEqual(['too_many_unauthenticated']);
    expect(await Promise.all([known, ...strangers].map((each) => each.isAlive()))).not.toContain(false);
    strangers[0]?.destroy();
    await untilOpen(scene);
  });
});

describe('connections in all', () => {
  it('are as many as allowed; the next is refused before a byte of it is read', async () => {
    await using scene = await openOutsideScene({ rpcLimits: { connections: 2 } });
    const devices = [await greeted(scene), await greeted(scene)];
    const refused = await scene.device();
    expect([await refused.ended, refused.frames]).toEqual(['none', []]);
    expect(refusals(scene)).toEqual(['too_many_connections']);
    expect(await Promise.all(devices.map((each) => each.isAlive()))).toEqual([true, true]);
  });
});

describe('unfinished handshakes of one address', () => {
  it.each([
    ['the default', {}, defaultTlsLimits.handshakesPerAddress],
    ['another limit', { handshakesPerAddress: 2 }, 2],
  ])('are as many as allowed under %s, and do not touch who is in', async (_what, tlsLimits, most) => {
    await using scene = await openOutsideScene({ tlsLimits });
    const device = await greeted(scene);
    const strangers = await Promise.all(Array.from({ length: most }, () => scene.stranger()));
    await isClosed(await scene.stranger());
    expect(await device.isAlive()).toBe(true);
    expect(strangers.filter(({ closed }) => closed)).toEqual([]);
    for (const stranger of strangers) stranger.resetAndDestroy();
  });
});

describe('calls at once', () => {
  const body = encode(trackerContract.methods.login.request.codec, {
    ...{ userId: 'nobody', password: PASSWORD, deviceId: new Uint8Array(32) },
  });

  it.each([
    ['the default', {}, defaultRpcLimits.callsInFlight],
    ['another limit', { callsInFlight: 5 }, 5],
  ])('are as many as allowed under %s: one more ends the connection', async (_what, rpcLimits, most) => {
    await using scene = await openOutsideScene({ rpcLimits });
    const [greedy, other] = [await greeted(scene), await greeted(scene)];
    // In one write, so that none of them is answered in between.
    const calls = Array.from({ length: most + 1 }, (_, at) => request('login', at + 1, body)).flat();
    greedy.send(Buffer.concat(calls));
    expect(await greedy.ended).toBe('too_many_calls');
    expect(await other.isAlive()).toBe(true);
  });
});

function refusals({ log }: OutsideScene): string[] {
  return log.flatMap((entry) => (entry.kind === 'connection_refused' ? [entry.reason] : []));
}

/** Waits until the tracker has noticed who left. */
async function untilOpen(scene: OutsideScene): Promise<void> {
  for (let isIn = false; !isIn; ) {
    const another = await scene.device();
    isIn = await another.next('hello');
    another.destroy();
    await another.ended;
  }
}
