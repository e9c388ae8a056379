/**
 * What ends the program from outside: SIGINT (Ctrl-C), SIGTERM, SIGHUP, a reader of its output that went away, and the
 * end of standard input where that is agreed.
 *
 * The first one asks for an orderly end through an `AbortSignal`; a second SIGINT or SIGTERM ends the process at once.
 */
import type { EventEmitter } from 'node:events';
import type { Readable, Writable } from 'node:stream';
import { EXIT, type ExitCode } from './failure.ts';

export interface Ending extends Disposable {
  /** Aborts when the program is to end. */
  readonly signal: AbortSignal;
  /** What the signal asks the process to tell; undefined before. */
  readonly exitCode: ExitCode | undefined;
  /** Takes over Ctrl-C until the returned function is called. */
  takeInterrupts(onInterrupt: () => void): () => void;
}

export interface EndingOptions {
  /** `process`, or a stand-in. */
  readonly process: Pick<EventEmitter, 'on' | 'off'> & { exit(code: number): void };
  /** Where the program writes; it ends when nobody reads there any more. */
  readonly output: Writable;
  /** Ends the program when this stream ends: for programs that must not outlive the one that started them. */
  readonly lifeline?: Readable;
}

const EXIT_CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.terminated } as const;

export function listenForEnding(options: EndingOptions): Ending {
  const { process, output, lifeline } = options;
  const controller = new AbortController();
  const takers: (() => void)[] = [];
  let exitCode: ExitCode | undefined;

  const end = (code: ExitCode) => {
    if (controller.signal.aborted) process.exit(code);
    exitCode = code;
    controller.abort();
  };
  const onInterrupt = () => {
    const taker = takers.at(-1);
    if (taker === undefined) end(EXIT_CODES.SIGINT);
    else taker();
  };
  const onTerminate = () => end(EXIT_CODES.SIGTERM);
  const onNobodyThere = () => {
    if (!controller.signal.aborted) end(EXIT.terminated);
  };

  process.on('SIGINT', onInterrupt);
  process.on('SIGTERM', onTerminate);
  process.on('SIGHUP', onTerminate);
  output.on('error', onNobodyThere);
  lifeline?.on('end', onNobodyThere).on('close', onNobodyThere);

  return {
    signal: controller.signal,
    get exitCode() {
      return exitCode;
    },
    takeInterrupts(taker) {
      takers.push(taker);
      return () => {
        takers.splice(takers.indexOf(taker), 1);
      };
    },
    // The listener on `output` stays: what is still written there would otherwise end the process with an error.
    [Symbol.dispose]() {
      process.off('SIGINT', onInterrupt);
      process.off('SIGTERM', onTerminate);
      process.off('SIGHUP', onTerminate);
      // A stream that is still read would hold the process.
      lifeline?.off('end', onNobodyThere).off('close', onNobodyThere).pause();
    },
  };
}
