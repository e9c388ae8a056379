/**
 * A part of a bench that runs in a process of its own, so that its processor time and memory are its own too.
 *
 * The child is a module of the bench. It says `ready` with whatever the bench must know, answers questions, and ends
 * with its parent whatever happens to that.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { type ProcessUsage, readProcessUsage } from './process-usage.ts';

export interface Child<Ready> extends AsyncDisposable {
  readonly ready: Ready;
  readonly pid: number;
  usage(): Promise<ProcessUsage>;
  /** Sends a question that `answerParent` of the child answers. */
  ask<Answer>(question: unknown): Promise<Answer>;
}

/** Starts `module` with `args`, and with `flags` for Node.js besides those of this process. */
export async function startChild<Ready>(
  module: URL,
  args: readonly string[] = [],
  flags: readonly string[] = [],
): Promise<Child<Ready>> {
  const child = fork(module, args, { execArgv: [...process.execArgv, ...flags], serialization: 'advanced' });
  const ended = once(child, 'exit');
  /** The next message, or a rejection if the child ends before one. */
  const nextMessage = async (): Promise<unknown> => {
    const stop = new AbortController();
    const { signal } = stop;
    try {
      const message = once(child, 'message', { signal }).then(([value]) => value);
      return await Promise.race([
        message,
        ended.then(([code]) => Promise.reject(new Error(`${module.pathname} ended with ${code}`))),
      ]);
    } finally {
      stop.abort();
    }
  };
  // What the module sends is what its user says it is; both lie side by side in the bench.
  const ready = (await nextMessage()) as Ready;
  // It has said something, so it has started.
  const pid = child.pid ?? 0;
  return {
    ready,
    pid,
    usage: () => readProcessUsage(pid),
    async ask<Answer>(question: unknown) {
      const answer = nextMessage();
      child.send({ question });
      return (await answer) as Answer;
    },
    async [Symbol.asyncDispose]() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
      await ended;
    },
  };
}

/** In the child: says `ready`, and answers questions until the parent is gone. */
export function answerParent(ready: unknown, answer: (question: unknown) => unknown = () => undefined): void {
  process.on('message', async (message: { readonly question: unknown }) => {
    process.send?.((await answer(message.question)) ?? null);
  });
  process.on('disconnect', () => process.exit());
  process.send?.(ready ?? null);
}
