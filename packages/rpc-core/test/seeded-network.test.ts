import { describe, expect, test } from 'vitest';
import type { Address, Channel } from '../src/index.ts';
import { RpcError } from '../src/index.ts';
import type { NetworkEvent, SeededNetworkOptions } from '../src/testing.ts';
import { createManualClock, createSeededNetwork, createSeededRandom } from '../src/testing.ts';
import { codeOf } from './support/pair.ts';

function start(options: Partial<SeededNetworkOptions> = {}) {
  const clock = createManualClock();
  const events: NetworkEvent[] = [];
  const network = createSeededNetwork({
    clock,
    random: createSeededRandom(1),
    onTrace: (event) => events.push(event),
    ...options,
  });
  return { clock, network, events };
}

type Started = ReturnType<typeof start>;

/** A channel from `from` to `to`; what arrives at `to` is noted with its time. */
async function join({ clock, network }: Started, from: string, to: string) {
  const accepted = Promise.withResolvers<Channel>();
  const listener = await network.host(to).listen({ host: to, port: 0 }, accepted.resolve);
  const near = await clock.runUntilSettled(network.host(from).connect(listener.address));
  const far = await accepted.promise;
  const arrived: { readonly at: number; readonly byteLength: number }[] = [];
  const closings: string[] = [];
  near.start({ bytes() {}, drain() {}, end() {}, close: () => closings.push(from) });
  far.start({
    bytes: (chunk) => arrived.push({ at: clock.now(), byteLength: chunk.length }),
    drain() {},
    end() {},
    close: () => closings.push(to),
  });
  return { near, far, arrived, closings, address: listener.address, started: clock.now() };
}

describe('createSeededNetwork', () => {
  test('takes a delay each way to connect, and one for each chunk', async () => {
    const world = start({ conditions: { delayMs: 20 } });
    const { near, arrived, started } = await join(world, 'a', 'b');
    expect(started).toBe(40);
    near.write([new Uint8Array(10)]);
    await world.clock.advanceAsync(100);
    expect(arrived).toEqual([{ at: 60, byteLength: 10 }]);
  });

  test('sends no faster than the uplink, which all connections of a host share', async () => {
    const world = start();
    world.network.host('a', { uplinkBytesPerSecond: 64 * 1024 });
    const first = await join(world, 'a', 'b');
    const second = await join(world, 'a', 'c');
    const begun = world.clock.now();
    first.near.write([new Uint8Array(64 * 1024)]);
    second.near.write([new Uint8Array(64 * 1024)]);
    await world.clock.advanceAsync(5000);
    expect(first.arrived[0]?.at).toBeCloseTo(begun + 1001);
    expect(second.arrived[0]?.at).toBeCloseTo(begun + 2001);
  });

  test('receives no faster than the downlink', async () => {
    const world = start();
    world.network.host('b', { downlinkBytesPerSecond: 64 * 1024 });
    const { near, arrived, started } = await join(world, 'a', 'b');
    near.write([new Uint8Array(128 * 1024)]);
    await world.clock.advanceAsync(5000);
    expect(arrived.map(({ at }) => Math.round(at - started))).toEqual([1001, 2001]);
  });

  test('keeps the order of a connection whatever the jitter, and not that of connections opened together', async () => {
    const world = start({ conditions: { delayMs: 1, jitterMs: 50 } });
    const accepted: Address[] = [];
    const listener = await world.network
      .host('b')
      .listen({ host: 'b', port: 0 }, (channel) => accepted.push(channel.info.remote));
    const hosts = Array.from({ length: 20 }, (_, index) => `a${index}`);
    await world.clock.runUntilSettled(
      Promise.all(hosts.map((host) => world.network.host(host).connect(listener.address))),
    );
    expect(accepted.map(({ host }) => host)).not.toEqual(hosts);
    expect(accepted.map(({ host }) => host).sort()).toEqual(hosts.toSorted());
  });

  test('setConditions changes one way only, from then on', async () => {
    const world = start();
    const slow = await join(world, 'a', 'b');
    const fast = await join(world, 'a', 'c');
    world.network.setConditions('b', 'a', { delayMs: 500 });
    const begun = world.clock.now();
    slow.near.write([new Uint8Array(1)]);
    fast.near.write([new Uint8Array(1)]);
    await world.clock.advanceAsync(1000);
    expect([slow.arrived[0]?.at, fast.arrived[0]?.at]).toEqual([begun + 500, begun + 1]);
  });

  test('cut breaks connections for both sides and refuses new ones until heal', async () => {
    const world = start();
    const { closings, address } = await join(world, 'a', 'b');
    world.network.cut('b', 'a');
    await world.clock.advanceAsync(0);
    expect(closings.sort()).toEqual(['a', 'b']);
    expect(world.network.openChannels).toBe(0);
    const connect = () => codeOf(world.clock.runUntilSettled(world.network.host('a').connect(address)));
    expect(await connect()).toBe('connect_failed');
    world.network.heal('a', 'b');
    expect(await connect()).toBe('resolved');
  });

  test('silence tells nobody; what was sent arrives, in order, after heal', async () => {
    const world = start();
    const { near, arrived, closings, address } = await join(world, 'a', 'b');
    world.network.silence('a', 'b');
    near.write([new Uint8Array(1)]);
    near.write([new Uint8Array(2)]);
    const connecting = world.network.host('a').connect(address);
    await world.clock.advanceAsync(1e6);
    expect([arrived, closings]).toEqual([[], []]);
    world.network.heal('a', 'b');
    await world.clock.runUntilSettled(connecting);
    expect(arrived.map(({ byteLength }) => byteLength)).toEqual([1, 2]);
  });

  test('a connection that is no longer wanted when it is made is reset', async () => {
    const world = start({ conditions: { delayMs: 10 } });
    const channels: Channel[] = [];
    const listener = await world.network
      .host('b')
      .listen({ host: 'b', port: 0 }, (channel) => channels.push(channel));
    const controller = new AbortController();
    const connecting = codeOf(world.network.host('a').connect(listener.address, controller));
    await world.clock.advanceAsync(15);
    controller.abort(new RpcError('unwanted', ''));
    expect(await connecting).toBe('unwanted');
    await world.clock.advanceAsync(100);
    expect([channels.length, world.network.openChannels]).toEqual([1, 0]);
  });

  test('a host is used by whichever device it is viewed as, and each proves its own id', async () => {
    const { clock, network } = start();
    const [a, b] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const accepted: Channel[] = [];
    const target = network.host('target', { identity: b });
    const listener = await target.listen({ host: 'target', port: 0 }, (channel) => accepted.push(channel));
    const near = await clock.runUntilSettled(
      network.host('source', { identity: a }).connect(listener.address, { expect: b }),
    );
    const nobody = await clock.runUntilSettled(network.host('source').connect(listener.address));
    expect([near, nobody].map(({ info }) => info.remoteIdentity)).toEqual([b, b]);
    expect(accepted.map(({ info }) => info.remoteIdentity)).toEqual([a, undefined]);
    const wrong = network.host('source').connect(listener.address, { expect: a });
    expect(await clock.runUntilSettled(codeOf(wrong))).toBe('wrong_identity');
    for (const channel of [near, nobody]) channel.destroy();
    await clock.advanceAsync(1_000);
    expect(network.openChannels).toBe(0);
  });

  test('traces what happens', async () => {
    const world = start();
    const { near, address } = await join(world, 'a', 'b');
    near.write([new Uint8Array(7)]);
    await world.clock.advanceAsync(5);
    world.network.silence('a', 'b');
    world.network.cut('a', 'b');
    await codeOf(world.clock.runUntilSettled(world.network.host('a').connect(address)));
    expect(
      world.events.map(({ at, kind, from, to, byteLength }) => `${at} ${kind} ${from} ${to} ${byteLength}`),
    ).toEqual([
      '0 connect a b 0',
      '1 accept b a 0',
      '3 bytes a b 7',
      '7 silence a b 0',
      '7 cut a b 0',
      '7 connect a b 0',
      '8 refuse b a 0',
    ]);
  });
});
