/**
 * What a connection is to its users: a place to call from, to serve on, and to close.
 *
 * Types only; `createConnection` makes one.
 */
import type { ChannelInfo } from './channel.ts';
import type { Client, Contract } from './contract.ts';
import type { RpcError } from './errors.ts';

/** Why a connection is over. */
export type CloseReason =
  /** `close()` was called here, and everything came to its end. */
  | { readonly kind: 'local' }
  /** The other side closed in good order. */
  | { readonly kind: 'remote' }
  /** Anything else; `error.code` is a `ConnectionErrorCode`, or the code that the other side gave (`error.remote`). */
  | { readonly kind: 'failed'; readonly error: RpcError };

/**
 * How far the output of a connection is. A byte field of an item goes out by reference; its memory may be used again as
 * soon as `takenBytes` has reached what `madeBytes` was once the item had been sent.
 */
export interface OutputProgress {
  /** Bytes made so far. */
  readonly madeBytes: number;
  /** How many of them, from the start, the network has taken. */
  readonly takenBytes: number;
}

/** Calls both ways over one channel. */
export interface Connection extends AsyncDisposable {
  /** The other end, as the transport knows it. */
  readonly remote: ChannelInfo;
  /** Resolves when both sides agreed on a version; rejects with a `RpcError` when the connection ends before that. */
  readonly opened: Promise<void>;
  /** Resolves when the channel is closed; never rejects. */
  readonly closed: Promise<CloseReason>;
  /** Aborts as soon as the connection can carry no call any more; the reason is a `RpcError`. */
  readonly signal: AbortSignal;
  /** Whether the other side may send full payloads: from the start with `trusted`, otherwise after `authenticate()`. */
  readonly isAuthenticated: boolean;
  readonly output: OutputProgress;
  /**
   * Resolves when the other side has read all that was made before: unlike `output`, it counts nothing that a kernel or a
   * router holds. Rejects with a `RpcError` when the connection ends first.
   */
  arrival(): Promise<void>;
  /** Calls made here that are not settled. */
  readonly pendingCalls: number;
  /** Calls of the other side whose handlers run or wait. */
  readonly servedCalls: number;

  /** A typed function per method of `contract`. Calls made before the connection is open wait for it. */
  client<C extends Contract>(contract: C): Client<C>;
  /** Says that the other side has proved who it is: the limits of a stranger no longer hold. */
  authenticate(): void;
  /**
   * Closes in good order: no new calls, running ones come to their end (at most `limits.drainMs`), then the channel ends.
   * Resolves when all is closed; idempotent. `signal` cuts it short.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Ends the connection at once; the other side is told `error`'s code and message. */
  abort(error?: RpcError): void;
}
