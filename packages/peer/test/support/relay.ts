/**
 * A way to a tracker that can fall silent: nothing passes any more, and nobody is told, as with a tracker that is frozen
 * (SIGSTOP) or a cable that is cut.
 */
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import type { Address } from '@minitorrent/rpc-core';

export interface Relay extends AsyncDisposable {
  readonly address: Address;
  /** How many came this way. */
  readonly connections: number;
  /** From now on nothing passes, either way; connections stay open, and new ones are taken. */
  freeze(): void;
  /** What was held back passes, and all that follows. */
  thaw(): void;
}

export async function startRelay(target: Address): Promise<Relay> {
  const sockets = new Set<Socket>();
  let isFrozen = false;
  let connections = 0;
  const server = createServer((client) => {
    connections += 1;
    const upstream = connect({ host: target.host, port: target.port });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.on('data', (bytes: Buffer) => to.write(bytes));
      // The other end learns of it by the close.
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
      if (isFrozen) from.pause();
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('The relay has no port');
  return {
    address: { host: '127.0.0.1', port: bound.port },
    get connections() {
      return connections;
    },
    freeze() {
      isFrozen = true;
      for (const socket of sockets) socket.pause();
    },
    thaw() {
      isFrozen = false;
      for (const socket of sockets) socket.resume();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
