import { once } from 'node:events';
import { createServer } from 'node:net';
import { createSystemClock } from '@minitorrent/rpc-core';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { describe, expect, it } from 'vitest';
import { whoAnswers } from '../src/places/who-answers.ts';
import { device } from './support/devices.ts';

const ANYWHERE = { host: '127.0.0.1', port: 0 };
const clock = createSystemClock();

describe('whoAnswers', () => {
  it('tells which device answers, and whether it is the one expected', async () => {
    const identity = createIdentity();
    const { address, close } = await createTlsNetwork({ identity }).listen(ANYWHERE, (channel) =>
      channel.destroy(),
    );
    await using _closing = { [Symbol.asyncDispose]: close };
    expect(await whoAnswers(address, clock)).toEqual(identity.deviceId);
    expect(await whoAnswers({ ...address, pin: identity.deviceId }, clock)).toEqual(identity.deviceId);
    await expect(whoAnswers({ ...address, pin: device(1) }, clock)).rejects.toMatchObject({
      code: 'wrong_identity',
    });
  });

  it('gives up on somebody who takes the connection and says nothing', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new TypeError('Expected a port');
    const place = { host: '127.0.0.1', port: address.port };
    const connected = once(server, 'connection');
    const manual = createManualClock();
    const asked = expect(whoAnswers(place, manual)).rejects.toMatchObject({ code: 'connect_timeout' });
    const [socket] = await connected;
    socket.on('error', () => undefined);
    manual.advance(3_000);
    await asked;
    const caller = new AbortController();
    const left = expect(whoAnswers(place, clock, { signal: caller.signal })).rejects.toThrow('left');
    caller.abort(new Error('left'));
    await left;
    server.close();
    expect(manual.scheduledTasks).toBe(0);
  });
});
