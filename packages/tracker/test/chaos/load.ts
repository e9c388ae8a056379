/** The clients of a run, in this process: writers for as long as it lasts, and readers that check what they are told. */
import type { FailoverOptions } from './failover-client.ts';
import type { Outages } from './outages.ts';
import type { Promises } from './promises.ts';
import { Reader } from './reader.ts';
import { ContendedNames, Writer } from './writer.ts';

const READERS = 4;

export interface LoadOptions extends Omit<FailoverOptions, 'first' | 'onLogin' | 'onRetry'> {
  readonly clients: number;
  readonly promises: Promises;
  readonly outages: Outages;
}

export interface Load {
  /** Every client ends what it began, and begins nothing else. Fails as a client that failed did. */
  stop(): Promise<void>;
}

/** Begins at once. */
export function startLoad({ clients, ...common }: LoadOptions): Load {
  const contended = new ContendedNames();
  const parts = [
    ...Array.from({ length: clients }, (_, number) => new Writer({ ...common, number, contended })),
    ...Array.from({ length: READERS }, () => new Reader(common)),
  ];
  let isOver = false;
  const tasks = parts.map((part) => part.run(() => isOver));
  // Whoever stops them hears of it; until then the run goes on.
  for (const task of tasks) task.catch(() => undefined);
  return {
    stop: async () => {
      isOver = true;
      await Promise.all(tasks);
    },
  };
}
