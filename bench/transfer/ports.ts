/** Ports of loopback. */
import { createServer, type Server } from 'node:net';

/** A port for a program that has to be told one. Another can take it before; the round fails then. */
export async function freePort(): Promise<number> {
  await using server = await listenSilently();
  return server.port;
}

/** Takes connections and says nothing. */
export async function listenSilently(): Promise<AsyncDisposable & { readonly port: number }> {
  const sockets = new Set<{ destroy(): void }>();
  const server: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('It listens on no port');
  return {
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
