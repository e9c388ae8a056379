/**
 * How a connection ends: decides the reason once, ends the channel, and tells everybody.
 *
 * What ends it: `fail` (a protocol error, silence, overflow, `abort()`), the channel's own end, or `leave` once both
 * sides said goodbye and no call runs. Whatever comes first is the reason; what comes later changes nothing.
 */
import type { Channel } from './channel.ts';
import type { Clock } from './clock.ts';
import type { CloseReason } from './connection.ts';
import { RpcError } from './errors.ts';
import type { RpcLimits } from './limits.ts';
import type { Output } from './output.ts';
import type { Session } from './session.ts';

/** What an ending works on. */
export interface EndingOptions {
  readonly channel: Channel;
  readonly session: Session;
  readonly output: Output;
  readonly clock: Clock;
  readonly limits: RpcLimits;
  /** Told once, when no call can be carried any more: what calls and handlers learn, and the reason itself. */
  readonly onConcluded: (error: RpcError, reason: CloseReason) => void;
}

export class Ending {
  readonly #options: EndingOptions;
  readonly #closed: PromiseWithResolvers<CloseReason> = Promise.withResolvers();
  readonly #over = new AbortController();
  #reason: CloseReason | undefined;
  #isLeaving = false;
  /** One at a time: for the other side's hello, then for calls to drain, then for the channel to close. */
  #stopTimer: () => void;

  constructor(options: EndingOptions) {
    this.#options = options;
    const { clock, limits } = options;
    this.#stopTimer = clock.schedule(limits.helloMs, () => {
      this.fail(
        new RpcError('handshake_timeout', `The other side did not greet within ${limits.helloMs} ms`),
      );
    });
  }

  /** Resolves when the channel is closed. */
  get closed(): Promise<CloseReason> {
    return this.#closed.promise;
  }

  /** Aborts when no call can be carried any more. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  get isOver(): boolean {
    return this.#reason !== undefined;
  }

  /** Both sides have greeted. */
  opened(): void {
    this.#stopTimer();
    if (this.#isLeaving) this.#sayGoodbye();
  }

  /** Starts to close in good order; a connection that is not open yet opens first. */
  leave(): void {
    if (this.#isLeaving || this.isOver) return;
    this.#isLeaving = true;
    if (this.#options.session.state !== 'opening') this.#sayGoodbye();
  }

  /** Ends at once with `error`, which the other side is told as far as possible. */
  fail(error: RpcError): void {
    if (this.isOver) return;
    const reason: CloseReason = { kind: 'failed', error };
    this.#reason = reason;
    // A session that failed by itself, or was told to by the other side, has said what there is to say.
    this.#options.session.abort(error);
    this.#options.output.flush();
    this.#announce(reason);
    this.#endChannel();
  }

  /** To be called after each write: ends the channel when both sides are done. */
  finishWhenDone(): void {
    const { session } = this.#options;
    if (this.isOver || session.state !== 'closed' || session.hasOutput) return;
    const reason: CloseReason = { kind: this.#isLeaving ? 'local' : 'remote' };
    this.#reason = reason;
    this.#announce(reason);
    this.#endChannel();
  }

  /** The other side has ended its direction: in good order after the goodbyes, otherwise a loss. */
  channelEnded(): void {
    this.#options.output.flush();
    this.#lose(new RpcError('connection_lost', 'The other side ended the connection'));
    if (this.#reason?.kind === 'failed') this.#options.channel.destroy();
  }

  /** The channel is gone. */
  channelClosed(cause: Error | undefined): void {
    const options = cause === undefined ? {} : { cause };
    this.#lose(new RpcError('connection_lost', 'The connection broke off', options));
    this.#stopTimer();
    if (this.#reason !== undefined) this.#closed.resolve(this.#reason);
  }

  #lose(error: RpcError): void {
    if (this.isOver) return;
    const reason: CloseReason = { kind: 'failed', error };
    this.#reason = reason;
    this.#announce(reason);
  }

  #sayGoodbye(): void {
    const { session, output, clock, limits } = this.#options;
    if (session.state === 'open') session.goodbye();
    output.flushSoon();
    this.#stopTimer = clock.schedule(limits.drainMs, () => {
      this.fail(new RpcError('drain_timeout', `Calls still ran ${limits.drainMs} ms after close()`));
    });
  }

  #announce(reason: CloseReason): void {
    this.#stopTimer();
    this.#options.output.stop();
    const error = lost(reason);
    this.#options.onConcluded(error, reason);
    this.#over.abort(error);
  }

  #endChannel(): void {
    const { channel, clock, limits } = this.#options;
    channel.end();
    this.#stopTimer = clock.schedule(limits.lingerMs, () => channel.destroy());
  }
}

/** What calls, handlers and `signal` learn of the end. */
function lost(reason: CloseReason): RpcError {
  if (reason.kind !== 'failed') return new RpcError('connection_lost', 'The connection is closed');
  if (reason.error.code === 'connection_lost') return reason.error;
  return new RpcError('connection_lost', `The connection ended: ${reason.error.message}`, {
    cause: reason.error,
  });
}
