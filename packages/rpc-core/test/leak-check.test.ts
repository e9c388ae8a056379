import { describe, expect, test } from 'vitest';
import { createConnection } from '../src/index.ts';
import { createMemoryNetwork } from '../src/memory.ts';
import { createLeakCheck, createManualClock, drainMicrotasks } from '../src/testing.ts';
import { codeOf, contract } from './support/pair.ts';

describe('createLeakCheck', () => {
  test('names everything that is open, and nothing that is closed', async () => {
    const leaks = createLeakCheck();
    const clock = createManualClock();
    const network = leaks.network(createMemoryNetwork());
    const watched = leaks.clock(clock);
    expect(leaks.leftovers()).toEqual([]);

    const listener = await network.listen({ host: 'far', port: 0 }, (channel) => channel.destroy());
    const cancel = watched.schedule(10, () => {});
    const connection = leaks.connection(
      createConnection({ channel: await network.connect(listener.address), clock: watched }),
    );
    const call = codeOf(connection.client(contract).greet({ name: 'Ada' }));
    expect(leaks.leftovers()).toEqual([
      '1 open listeners',
      '3 scheduled tasks',
      '1 open channels',
      '1 calls without an answer',
      'a connection that is open',
    ]);
    expect(() => leaks.assertNothingLeft()).toThrow(/^Left behind: 1 open listeners, 3 scheduled tasks/);

    cancel();
    cancel();
    await listener.close();
    await drainMicrotasks();
    expect(await call).toBe('connection_lost');
    leaks.assertNothingLeft();
    expect([watched.now(), watched.wallNow()]).toEqual([clock.now(), clock.wallNow()]);
  });

  test('a task that ran is no leak', () => {
    const leaks = createLeakCheck();
    const clock = createManualClock();
    let ran = 0;
    leaks.clock(clock).schedule(10, () => ran++);
    clock.advance(10);
    expect([ran, leaks.leftovers()]).toEqual([1, []]);
  });
});
