import { describe, expect, test } from 'vitest';
import { createConnection, createServer, serve } from '../src/index.ts';
import type { ManualClock, SeededNetwork } from '../src/testing.ts';
import { createManualClock, createSeededNetwork, createSeededRandom } from '../src/testing.ts';
import { codeOf, connectPair, contract, handlers } from './support/pair.ts';
import { createPuppet } from './support/puppet.ts';

describe('keep-alive', () => {
  test('asks for a sign of life after 60 s of silence and closes after 120 s', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    const pings = (): number => puppet.frames.filter(({ type }) => type === 'ping').length;
    await puppet.clock.advanceAsync(59_999);
    expect(pings()).toBe(0);
    await puppet.clock.advanceAsync(1);
    expect(pings()).toBe(1);
    await puppet.clock.advanceAsync(59_999);
    expect([pings(), puppet.goodbyeCode]).toEqual([1, undefined]);
    await puppet.clock.advanceAsync(1);
    expect(puppet.goodbyeCode).toBe('idle_timeout');
    await puppet.end();
  });

  test('any byte is a sign of life', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    for (let round = 0; round < 5; round++) {
      await puppet.clock.advanceAsync(100_000);
      await puppet.send('pong', '');
    }
    expect(puppet.goodbyeCode).toBeUndefined();
    expect(puppet.frames.filter(({ type }) => type === 'ping')).toHaveLength(5);
    await puppet.end();
  });

  test('a ping is answered, any number of them at once with one pong', async () => {
    const puppet = await createPuppet();
    await puppet.greet();
    await puppet.sendBytes(Buffer.concat(Array(1000).fill(Buffer.from('4d540470696e6700000000', 'hex'))));
    expect(puppet.frames.filter(({ type }) => type === 'pong')).toHaveLength(1);
    await puppet.end();
  });

  test('two idle connections keep each other alive for a day', async () => {
    const pair = await connectPair();
    await pair.clock.advanceAsync(24 * 3600 * 1000);
    expect(await pair.near.client(contract).greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    await pair.end();
  });

  test('a half-open connection is noticed by both sides', async () => {
    const clock = createManualClock();
    const network = createSeededNetwork({ clock, random: createSeededRandom(1) });
    const half = await connectHosts(network, clock);
    network.silence('near', 'far');
    const call = codeOf(half.near.client(contract).wait({}));
    const started = clock.now();
    expect(await clock.runUntilSettled(call)).toBe('connection_lost');
    expect(clock.now() - started).toBeLessThanOrEqual(120_000);
    await clock.runUntilSettled(Promise.all([half.near.closed, half.far.closed]));
    await clock.advanceAsync(10);
    expect([network.openChannels, clock.scheduledTasks]).toEqual([0, 0]);
  });
});

/** Two hosts of a seeded network, connected. */
async function connectHosts(network: SeededNetwork, clock: ManualClock) {
  const server = await createServer({
    network: network.host('far'),
    address: { host: 'far', port: 0 },
    clock,
    trusted: true,
    serve: [serve(contract, handlers())],
  });
  const channel = await clock.runUntilSettled(network.host('near').connect(server.address));
  const near = createConnection({ channel, clock, trusted: true });
  await clock.runUntilSettled(near.opened);
  const [far] = server.connections;
  if (far === undefined) throw new Error('not accepted');
  return { near, far };
}
