/** Ports that are free now, for processes that have to know each other's address before they start. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** `count` different ports of 127.0.0.1. Another program may take one before it is used; then that one does not start. */
export async function findFreePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, '127.0.0.1'));
  try {
    return await Promise.all(
      servers.map(async (server) => {
        await once(server, 'listening');
        const address = server.address();
        if (address === null || typeof address === 'string') throw new TypeError('Expected a port');
        return address.port;
      }),
    );
  } finally {
    await Promise.all(servers.map((server) => once(server.close(), 'close')));
  }
}
