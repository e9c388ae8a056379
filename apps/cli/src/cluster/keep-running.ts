/** Keeps a child process running: one that ends by itself is told of and started again. */
import type { Clock } from '@minitorrent/rpc-core';
import { type DemoProcess, startDemoProcess } from '../demo/demo-process.ts';
import type { JsonLine } from '../output/reports.ts';

/** Long enough to see that it is gone. */
const RESTART_MS = 5_000;

export interface KeepOptions {
  readonly name: string;
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly tell: (message: string) => void;
  /** What a report of the process means to a person; undefined for nothing. */
  readonly describe: (line: JsonLine) => string | undefined;
}

export interface Keeper extends AsyncDisposable {
  /** Resolves when it listens for the first time; rejects when it ends before that. */
  readonly ready: Promise<void>;
}

export function keepRunning(options: KeepOptions): Keeper {
  const { name, args, clock, tell, describe } = options;
  let current: DemoProcess;
  let cancelRestart = (): void => undefined;
  let isClosed = false;

  const start = (): Promise<void> => {
    const started = startDemoProcess({
      name,
      args,
      clock,
      onReport(line) {
        const text = describe(line);
        if (text !== undefined) tell(text);
      },
    });
    current = started;
    return started
      .take((line) => line.type === 'event' && line.event === 'listening')
      .then(({ address }) => {
        tell(`${name} listens on ${address}, process ${started.pid}`);
        started.died.catch((error: unknown) => restart(error));
      });
  };

  function restart(error: unknown): void {
    if (isClosed) return;
    const why = error instanceof Error ? error.message : String(error);
    tell(`${why}; it is started again in ${RESTART_MS / 1_000} seconds`);
    cancelRestart = clock.schedule(RESTART_MS, () => {
      start().catch((failure: unknown) => restart(failure));
    });
  }

  const ready = start();
  return {
    ready,
    async [Symbol.asyncDispose]() {
      isClosed = true;
      cancelRestart();
      await current[Symbol.asyncDispose]();
    },
  };
}
