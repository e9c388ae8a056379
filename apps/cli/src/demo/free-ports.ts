/**
 * Ports that are free now, for processes that have to know each other's address before they start, and that listen there again
 * after they were killed.
 */
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';

/** Below those that systems give away by themselves, which anybody may come by while a process is down. */
const LEAST_PORT = 10_000;
const MOST_PORT = 30_000;
/** More than it ever takes, unless something else keeps this program from listening. */
const MAX_TRIES = 100;

/** `count` different ports of 127.0.0.1. Another program may take one before it is used; then that one does not start. */
export async function findFreePorts(count: number): Promise<number[]> {
  const taken = new Map<number, Server>();
  try {
    for (let tries = count; taken.size < count; tries += 1) await tryOne(taken, tries);
    return [...taken.keys()];
  } finally {
    await Promise.all(Array.from(taken.values(), (server) => once(server.close(), 'close')));
  }
}

/** Listens on a port that nobody is on, if the first that comes to mind is one; fails after too many tries. */
async function tryOne(taken: Map<number, Server>, tries: number): Promise<void> {
  const port = randomInt(LEAST_PORT, MOST_PORT);
  const server = createServer().listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
    taken.set(port, server);
  } catch (error) {
    if (tries >= MAX_TRIES) throw error;
  }
}
