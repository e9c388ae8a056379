import type { AddressInfo } from 'node:net';
import { createServer as createSocketServer, Socket } from 'node:net';
import { constants } from 'node:os';
import { describe, expect, test, vi } from 'vitest';
import type { Channel } from '../src/index.ts';
import { createConnection, createServer, createSystemClock, RpcError, serve } from '../src/index.ts';
import { createTcpNetwork } from '../src/tcp.ts';
import { createLeakCheck, drainMicrotasks } from '../src/testing.ts';
import { collect, contract, handlers } from './support/pair.ts';

const KIB = 1024;

describe('createTcpNetwork', () => {
  test('carries connections: calls, streams of pieces both ways, and a close that leaves nothing', async () => {
    const leaks = createLeakCheck();
    const network = leaks.network(createTcpNetwork());
    const clock = leaks.clock(createSystemClock());
    const common = { clock, trusted: true, serve: [serve(contract, handlers())] };
    const server = await createServer({ ...common, network, address: { host: '127.0.0.1', port: 0 } });
    const near = leaks.connection(
      createConnection({ ...common, channel: await network.connect(server.address) }),
    );
    const client = near.client(contract);
    expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
    const [far] = server.connections;
    if (far === undefined) throw new Error('not accepted');
    expect(far.remote.remote.host).toBe('127.0.0.1');
    const request = { count: 40, size: 256 * KIB };
    const [up, down] = await Promise.all([
      collect(far.client(contract).blobs(request)),
      collect(client.blobs(request, { windowBytes: 64 * KIB })),
    ]);
    for (const blobs of [up, down]) {
      expect(blobs.map((blob) => [blob.length, blob[0], blob.at(-1)])).toEqual(
        Array.from({ length: 40 }, (_, index) => [256 * KIB, index, index]),
      );
    }
    await near.close();
    await server.close();
    expect(await near.closed).toEqual({ kind: 'local' });
    leaks.assertNothingLeft();
  });

  test('says why it cannot connect, with the cause', async () => {
    const network = createTcpNetwork();
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, () => {});
    await listener.close();
    const error: unknown = await network.connect(listener.address).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(RpcError);
    expect(error).toMatchObject({
      code: 'connect_failed',
      message: `Cannot connect to 127.0.0.1:${listener.address.port}: connection refused`,
      cause: { code: 'ECONNREFUSED' },
    });
  });

  test('says once why it cannot listen', async () => {
    const network = createTcpNetwork();
    const listener = await network.listen({ host: '::1', port: 0 }, () => {});
    const error: unknown = await network
      .listen(listener.address, () => {})
      .catch((reason: unknown) => reason);
    expect(error).toMatchObject({
      code: 'listen_failed',
      message: `Cannot listen on [::1]:${listener.address.port}: address already in use`,
      cause: { code: 'EADDRINUSE' },
    });
    await listener.close();
  });

  test('says every reason where a name has several addresses', async () => {
    const network = createTcpNetwork();
    const failing = await network.listen({ host: '127.0.0.1', port: 0 }, () => {});
    await failing.close();
    const refused = Object.assign(new Error('connect ECONNREFUSED'), {
      errno: -constants.errno.ECONNREFUSED,
    });
    const odd = new Error('odd');
    const connecting = vi.spyOn(Socket.prototype, 'connect').mockImplementation(function (this: Socket) {
      queueMicrotask(() => this.destroy(new AggregateError([refused, refused, odd], '')));
      return this;
    });
    const error: unknown = await network.connect(failing.address).catch((reason: unknown) => reason);
    connecting.mockRestore();
    expect(error).toMatchObject({
      message: `Cannot connect to 127.0.0.1:${failing.address.port}: connection refused, odd`,
    });
  });

  test('shows IPv4 addresses in their usual form on a dual-stack listener', async () => {
    const network = createTcpNetwork();
    const accepted = Promise.withResolvers<Channel>();
    const listener = await network.listen({ host: '::', port: 0 }, accepted.resolve);
    const near = await network.connect({ host: '127.0.0.1', port: listener.address.port });
    const far = await accepted.promise;
    expect(far.info.remote.host).toBe('127.0.0.1');
    near.destroy();
    far.destroy();
    await listener.close();
  });

  test('a channel that was closed before it is started says so when it is', async () => {
    const sockets: Socket[] = [];
    const server = createSocketServer((socket) => sockets.push(socket.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const network = createTcpNetwork();
    const channel = await network.connect({ host: '127.0.0.1', port });
    while (sockets.length === 0) await drainMicrotasks();
    sockets[0]?.resetAndDestroy();
    // By the time that another connection stands, the reset has arrived.
    const other = await network.connect({ host: '127.0.0.1', port });
    await drainMicrotasks();
    const closed = new Promise<Error | undefined>((close) => {
      channel.start({ bytes() {}, drain() {}, end: () => channel.end(), close });
    });
    expect(await closed).toBeInstanceOf(Error);
    expect(channel.write([new Uint8Array(1)])).toBe(false);
    other.destroy();
    server.close();
  });
});
