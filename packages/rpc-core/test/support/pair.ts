import { bytes, struct, text, u32 } from '@minitorrent/wire-codec';
import type { Connection, ConnectionOptions, Handlers, LogEntry, Network } from '../../src/index.ts';
import { createConnection, defineContract, serve, stream, unary } from '../../src/index.ts';
import { createMemoryNetwork } from '../../src/memory.ts';
import type { LeakCheck, ManualClock } from '../../src/testing.ts';
import { createLeakCheck, createManualClock } from '../../src/testing.ts';

const empty = struct({});

/** One method of each kind that the tests need. */
export const contract = defineContract({
  greet: unary(struct({ name: text({ maxBytes: 64 }) }), struct({ greeting: text({ maxBytes: 80 }) })),
  wait: unary(empty, empty),
  count: stream(struct({ to: u32 }), u32),
  blobs: stream(struct({ count: u32, size: u32 }), bytes({ maxBytes: 256 * 1024 }), {
    maxItemBytes: 257 * 1024,
  }),
});

export type TestHandlers = Handlers<typeof contract>;

/** Handlers that behave; a test replaces the one that it is about. */
export function handlers(changes: Partial<TestHandlers> = {}): TestHandlers {
  return {
    greet: async ({ name }) => ({ greeting: `Hello ${name}` }),
    wait: (_request, { signal }) =>
      new Promise((_resolve, reject) => {
        if (signal.aborted) reject(signal.reason);
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    async *count({ to }) {
      for (let number = 1; number <= to; number++) yield number;
    },
    async *blobs({ count, size }) {
      for (let index = 0; index < count; index++) yield new Uint8Array(size).fill(index);
    },
    ...changes,
  };
}

export type SideOptions = Partial<Omit<ConnectionOptions, 'channel' | 'clock'>>;

export interface Pair {
  readonly near: Connection;
  readonly far: Connection;
  readonly clock: ManualClock;
  readonly leaks: LeakCheck;
  /** What both sides logged. */
  readonly log: LogEntry[];
  /** Closes what is open and fails when anything is left. */
  end(): Promise<void>;
}

/** Two connected connections in one process; the far one serves `handlers()` unless told otherwise. */
export async function connectPair(
  options: { readonly near?: SideOptions; readonly far?: SideOptions; readonly network?: Network } = {},
): Promise<Pair> {
  const clock = createManualClock();
  const leaks = createLeakCheck();
  const network = leaks.network(options.network ?? createMemoryNetwork());
  const log: LogEntry[] = [];
  const watched = leaks.clock(clock);
  const common = { clock: watched, trusted: true, onLog: (entry: LogEntry) => log.push(entry) };
  const accepted = Promise.withResolvers<Connection>();
  const listener = await network.listen({ host: 'far', port: 0 }, (channel) =>
    accepted.resolve(
      createConnection({ ...common, serve: [serve(contract, handlers())], ...options.far, channel }),
    ),
  );
  const channel = await network.connect(listener.address);
  const near = leaks.connection(createConnection({ ...common, ...options.near, channel }));
  const far = leaks.connection(await accepted.promise);
  await listener.close();
  return {
    near,
    far,
    clock,
    leaks,
    log,
    async end() {
      await clock.runUntilSettled(Promise.all([near.close(), far.close()]));
      leaks.assertNothingLeft();
    },
  };
}

/** Everything that an iterable has. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}

/** The code of the error that `promise` rejects with. */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof Error && 'code' in error && typeof error.code === 'string') return error.code;
    return `no code: ${String(error)}`;
  }
  return 'resolved';
}
