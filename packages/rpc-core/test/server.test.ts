import { describe, expect, test } from 'vitest';
import type { Connection, LogEntry, Network, RpcServer, ServerOptions } from '../src/index.ts';
import { createConnection, createServer, serve } from '../src/index.ts';
import { createMemoryNetwork } from '../src/memory.ts';
import { createLeakCheck, createManualClock, drainMicrotasks } from '../src/testing.ts';
import { isSameDevice } from '../src/tls.ts';
import { codeOf, contract, handlers } from './support/pair.ts';

async function startServer(options: Partial<ServerOptions> = {}) {
  const clock = createManualClock();
  const leaks = createLeakCheck();
  const memory = createMemoryNetwork();
  const log: LogEntry[] = [];
  const server: RpcServer = await createServer({
    network: leaks.network(memory),
    address: { host: 'server', port: 0 },
    clock: leaks.clock(clock),
    serve: [serve(contract, handlers())],
    onLog: (entry) => log.push(entry),
    ...options,
  });
  async function connectFrom(host: string): Promise<Connection> {
    const network: Network = leaks.network(memory.from(host));
    const channel = await network.connect(server.address);
    const connection = leaks.connection(
      createConnection({ channel, clock: leaks.clock(clock), trusted: true }),
    );
    await drainMicrotasks();
    return connection;
  }
  return { server, clock, leaks, log, memory, connectFrom };
}

describe('createServer', () => {
  test('serves every connection, and tells of each', async () => {
    const connections: Connection[] = [];
    const { server, leaks, connectFrom } = await startServer({
      onConnection: (each) => connections.push(each),
    });
    const [a, b] = [await connectFrom('a'), await connectFrom('b')];
    expect(await a.client(contract).greet({ name: 'A' })).toEqual({ greeting: 'Hello A' });
    expect(await b.client(contract).greet({ name: 'B' })).toEqual({ greeting: 'Hello B' });
    expect(connections.map(({ remote }) => remote.remote.host)).toEqual(['a', 'b']);
    expect([...server.connections]).toEqual(connections);
    await a.close();
    expect(server.connections.size).toBe(1);
    await server.close();
    expect(await b.closed).toEqual({ kind: 'remote' });
    await server.close();
    expect(server.connections.size).toBe(0);
    leaks.assertNothingLeft();
  });

  test('closes at the end of an await using block, and then accepts nobody', async () => {
    const started = await startServer();
    {
      await using server = started.server;
      await started.connectFrom('a');
      expect(server.connections.size).toBe(1);
    }
    expect(await codeOf(started.connectFrom('a'))).toBe('connect_failed');
    started.leaks.assertNothingLeft();
  });

  test('accepts 1,024 connections and refuses the next', async () => {
    const { server, log, leaks, connectFrom } = await startServer();
    for (let index = 0; index < 1024; index++) await connectFrom(`host-${index}`);
    expect(server.connections.size).toBe(1024);
    const refused = await connectFrom('late');
    expect(await refused.closed).toMatchObject({ kind: 'failed', error: { code: 'connection_lost' } });
    expect(log).toMatchObject([
      { kind: 'connection_refused', reason: 'too_many_connections', remote: { host: 'late' } },
    ]);
    await server.close();
    leaks.assertNothingLeft();
  });

  test('accepts 10 strangers from one address; who authenticates makes room', async () => {
    const { server, log, leaks, connectFrom } = await startServer();
    for (let index = 0; index < 10; index++) await connectFrom('crowd');
    await (await connectFrom('crowd')).closed;
    expect(log).toMatchObject([{ kind: 'connection_refused', reason: 'too_many_unauthenticated' }]);
    await connectFrom('elsewhere');
    const [first, second] = server.connections;
    first?.authenticate();
    await connectFrom('crowd');
    await (await connectFrom('crowd')).closed;
    await second?.close();
    await connectFrom('crowd');
    expect(server.connections.size).toBe(12);
    // A connection that authenticated and closed makes no room twice.
    await first?.close();
    await (await connectFrom('crowd')).closed;
    await server.close();
    leaks.assertNothingLeft();
  });

  test('counts an IPv6 network of 64 bits as one address', async () => {
    const { server, log, leaks, connectFrom } = await startServer();
    for (let index = 0; index < 10; index++) await connectFrom(`2001:db8:0:1::${index}`);
    await (await connectFrom('2001:0DB8::1:ffff:0:0:1')).closed;
    await connectFrom('2001:db8:0:2::1');
    expect(log).toHaveLength(1);
    await server.close();
    leaks.assertNothingLeft();
  });

  test('has no strangers when it trusts its transport', async () => {
    const { server, leaks, connectFrom } = await startServer({ trusted: true });
    for (let index = 0; index < 20; index++) await connectFrom('crowd');
    expect(server.connections.size).toBe(20);
    await server.close();
    leaks.assertNothingLeft();
  });

  test('cuts its connections short when close is told to', async () => {
    const { server, leaks, connectFrom, clock } = await startServer();
    const connection = await connectFrom('a');
    const call = codeOf(connection.client(contract).wait({}));
    await drainMicrotasks();
    await clock.runUntilSettled(server.close({ signal: AbortSignal.abort() }));
    expect(await call).toBe('connection_lost');
    leaks.assertNothingLeft();
  });

  test('admits the devices that it is told to, and reads nothing of the others', async () => {
    const [friend, foe] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const asked: unknown[] = [];
    const { server, log, leaks, clock, memory } = await startServer({
      admit: ({ remote, remoteIdentity }) => {
        asked.push(remote.host);
        return remoteIdentity !== undefined && isSameDevice(remoteIdentity, friend);
      },
      onConnection: ({ remote }) => expect(remote.remoteIdentity).toEqual(friend),
    });
    async function connectAs(host: string, identity?: Uint8Array): Promise<Connection> {
      const channel = await leaks.network(memory.from(host, identity)).connect(server.address);
      return leaks.connection(createConnection({ channel, clock: leaks.clock(clock), trusted: true }));
    }
    const admitted = await connectAs('a', friend);
    expect(await admitted.client(contract).greet({ name: 'A' })).toEqual({ greeting: 'Hello A' });
    for (const refused of [await connectAs('b', foe), await connectAs('c')]) {
      expect(await refused.closed).toMatchObject({ kind: 'failed', error: { code: 'connection_lost' } });
    }
    expect(asked).toEqual(['a', 'b', 'c']);
    expect(log).toMatchObject([
      { kind: 'connection_refused', reason: 'not_admitted', remote: { host: 'b' } },
      { kind: 'connection_refused', reason: 'not_admitted', remote: { host: 'c' } },
    ]);
    expect(server.connections.size).toBe(1);
    await server.close();
    leaks.assertNothingLeft();
  });

  test('a channel that says nothing holds its place for 5 s', async () => {
    const { server, clock, leaks, memory } = await startServer();
    const silent = await memory.from('crowd').connect(server.address);
    silent.start({ bytes() {}, drain() {}, end: () => silent.end(), close() {} });
    await drainMicrotasks();
    await clock.advanceAsync(4999);
    expect(server.connections.size).toBe(1);
    await clock.advanceAsync(1);
    expect(server.connections.size).toBe(0);
    await server.close();
    leaks.assertNothingLeft();
  });

  test('refuses a channel that arrives while it closes', async () => {
    const { server, clock, leaks, connectFrom } = await startServer();
    const connecting = connectFrom('late');
    await server.close();
    expect(await (await connecting).closed).toMatchObject({ kind: 'failed' });
    expect([server.connections.size, clock.scheduledTasks]).toEqual([0, 0]);
    leaks.assertNothingLeft();
  });

  test('refuses at once what no connection could be made with', async () => {
    const served = serve(contract, handlers());
    await expect(startServer({ serve: [served, served] })).rejects.toThrow(/Cannot serve greet twice/);
    await expect(startServer({ limits: { connections: 0 } })).rejects.toThrow(RangeError);
  });

  test('bounds what all connections together hold', async () => {
    const { server, log, leaks, memory } = await startServer({
      trusted: true,
      limits: { receiveBytes: 90_000 },
    });
    const begun = Buffer.concat([
      Buffer.from('4d540568656c6c6f00000007000000030101404d540567726565740000fff0', 'hex'),
      new Uint8Array(50_000),
    ]);
    for (const host of ['a', 'b']) {
      const channel = await leaks.network(memory.from(host)).connect(server.address);
      channel.start({ bytes() {}, drain() {}, end: () => channel.end(), close() {} });
      channel.write([begun]);
      await drainMicrotasks();
    }
    expect(log).toMatchObject([{ kind: 'connection_failed', error: { code: 'receive_overflow' } }]);
    await server.close({ signal: AbortSignal.abort() });
    await drainMicrotasks();
    leaks.assertNothingLeft();
  });

  test('rejects with listen_failed when the address is taken', async () => {
    const network = createMemoryNetwork();
    const listener = await network.listen({ host: 'server', port: 5 }, () => {});
    expect(await codeOf(startServer({ network, address: listener.address }))).toBe('listen_failed');
  });
});
