import { struct, text, u32 } from '@minitorrent/wire-codec';
import { expect, test } from 'vitest';
import type { Connection } from '../src/index.ts';
import { createConnection, defineContract, serve, stream, unary } from '../src/index.ts';
import { createMemoryNetwork } from '../src/memory.ts';
import { createManualClock } from '../src/testing.ts';

const contract = defineContract({
  greet: unary(struct({ name: text({ maxBytes: 100 }) }), struct({ greeting: text({ maxBytes: 100 }) })),
  count: stream(struct({ to: u32 }), u32),
});

test('hello', async () => {
  const clock = createManualClock();
  const network = createMemoryNetwork();
  const served = serve(contract, {
    greet: async ({ name }) => ({ greeting: `Hello ${name}` }),
    async *count({ to }) {
      for (let i = 0; i < to; i++) yield i;
    },
  });
  const accepted: Connection[] = [];
  await network.listen({ host: 'a', port: 1 }, (channel) => {
    accepted.push(createConnection({ channel, clock, serve: [served], trusted: true }));
  });
  const connection = createConnection({
    channel: await network.connect({ host: 'a', port: 1 }),
    clock,
    trusted: true,
  });
  const client = connection.client(contract);
  expect(await client.greet({ name: 'Ada' })).toEqual({ greeting: 'Hello Ada' });
  const seen: number[] = [];
  for await (const n of client.count({ to: 1000 }, { windowBytes: 1000 })) seen.push(n);
  expect(seen).toHaveLength(1000);
  await connection.close();
  expect(await connection.closed).toEqual({ kind: 'local' });
  expect(await accepted[0]?.closed).toEqual({ kind: 'remote' });
  expect(clock.scheduledTasks).toBe(0);
});
