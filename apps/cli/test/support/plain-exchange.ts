/** Sends something over a TCP connection to itself, in the clear: what a capture has to find, if it finds anything. */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type AddressInfo, createConnection, createServer } from 'node:net';
import { text } from 'node:stream/consumers';

/** Resolves when all of it has arrived. */
export async function sendInTheClear(bytes: Uint8Array): Promise<void> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A server that listens on TCP has such an address.
  const { port } = server.address() as AddressInfo;
  const client = createConnection({ host: '127.0.0.1', port });
  const [socket] = await once(server, 'connection');
  client.end(bytes);
  await text(socket);
  socket.destroy();
  server.close();
}

// As a program: node plain-exchange.ts <file>
const [, program, file] = process.argv;
if (program === import.meta.filename && file !== undefined) await sendInTheClear(await readFile(file));
