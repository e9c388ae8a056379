import { describe, expect, test } from 'vitest';
import { createConnection, createServer, serve } from '../src/index.ts';
import { createManualClock, createSeededNetwork, createSeededRandom } from '../src/testing.ts';
import { collect, contract, handlers } from './support/pair.ts';

describe('a connection whose chunks are cut anywhere', () => {
  test.each([1, 2, 7, 500])('gives the same answers (parts of 1 to %i bytes)', async (shredBytes) => {
    const clock = createManualClock();
    const network = createSeededNetwork({ clock, random: createSeededRandom(shredBytes), shredBytes });
    const server = await createServer({
      network: network.host('far'),
      address: { host: 'far', port: 0 },
      clock,
      trusted: true,
      serve: [serve(contract, handlers())],
    });
    const channel = await clock.runUntilSettled(network.host('near').connect(server.address));
    const connection = createConnection({ channel, clock, trusted: true });
    const client = connection.client(contract);
    const answers = await clock.runUntilSettled(
      Promise.all([
        client.greet({ name: 'Ada' }),
        collect(client.count({ to: 50 })),
        collect(client.blobs({ count: 2, size: 5000 })),
      ]),
    );
    expect(answers).toEqual([
      { greeting: 'Hello Ada' },
      Array.from({ length: 50 }, (_, index) => index + 1),
      [new Uint8Array(5000), new Uint8Array(5000).fill(1)],
    ]);
    await clock.runUntilSettled(Promise.all([connection.close(), server.close()]));
    expect(network.openChannels).toBe(0);
  });
});
