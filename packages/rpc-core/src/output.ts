/**
 * The way of a session's bytes to the channel: gathers what is made in one go into one write, and knows when to stop
 * producing.
 *
 * Policy: whatever carries a body waits while `isCongested`; cancels, credit and errors do not, because they are small
 * and make things better. Should they alone pass `limits.queuedOutputBytes`, the other side does not read and the
 * connection is given up.
 */
import type { Channel } from './channel.ts';
import { RpcError } from './errors.ts';
import type { RpcLimits } from './limits.ts';
import type { Session } from './session.ts';

/** From here on a write of its own costs less than holding the bytes back. */
const FLUSH_AT_BYTES = 64 * 1024;

/** Runs a task soon, after the code that runs now. */
export type Defer = (task: () => void) => void;

/** The output of one connection. */
export interface Output {
  /** True from a write that the channel answered with false until it drained. */
  readonly isCongested: boolean;
  /** To be called after each operation on the session that may have made output. */
  flushSoon(): void;
  /** Writes what there is now. */
  flush(): void;
  /** Calls `task` once when the output is no longer congested, or when `stop` is called. */
  whenDrained(task: () => void): void;
  /** The channel drained. */
  drained(): void;
  /** No more is written; everybody who waits is called. */
  stop(): void;
}

/** What an output works on. */
export interface OutputOptions {
  readonly channel: Channel;
  readonly session: Session;
  readonly limits: RpcLimits;
  readonly defer: Defer;
  /** Called when the other side lets more pile up than the limits allow. */
  readonly onOverflow: (error: RpcError) => void;
  /** Called after each write. */
  readonly onFlushed: () => void;
}

export function createOutput(options: OutputOptions): Output {
  return new ChannelOutput(options);
}

/** A class, as all that each connection has one of: objects with accessors of their own do not share a shape. */
class ChannelOutput implements Output {
  readonly #options: OutputOptions;
  #isCongested = false;
  #isFlushDue = false;
  #isStopped = false;
  #waiting: (() => void)[] = [];
  readonly #flushWhenDue = (): void => {
    this.#isFlushDue = false;
    this.flush();
  };

  constructor(options: OutputOptions) {
    this.#options = options;
  }

  get isCongested(): boolean {
    return this.#isCongested;
  }

  flush(): void {
    if (this.#isStopped) return;
    const { channel, session, limits, onOverflow, onFlushed } = this.#options;
    if (session.hasOutput && !channel.write(session.takeOutput())) this.#isCongested = true;
    const { queuedBytes } = channel;
    if (queuedBytes > limits.queuedOutputBytes) onOverflow(overflow(queuedBytes, limits));
    onFlushed();
  }

  flushSoon(): void {
    if (this.#options.session.outputBytes >= FLUSH_AT_BYTES) this.flush();
    else if (!this.#isFlushDue) {
      this.#isFlushDue = true;
      this.#options.defer(this.#flushWhenDue);
    }
  }

  whenDrained(task: () => void): void {
    if (this.#isCongested && !this.#isStopped) this.#waiting.push(task);
    else task();
  }

  drained(): void {
    this.#isCongested = false;
    this.#wakeAll();
  }

  stop(): void {
    this.#isStopped = true;
    this.#wakeAll();
  }

  #wakeAll(): void {
    const woken = this.#waiting;
    this.#waiting = [];
    for (const task of woken) task();
  }
}

function overflow(queuedBytes: number, limits: RpcLimits): RpcError {
  return new RpcError(
    'output_overflow',
    `Cannot queue ${queuedBytes} bytes of output: the limit is ${limits.queuedOutputBytes} and the other side does not read`,
  );
}
