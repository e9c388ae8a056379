/** What a connection is given: its channel and clock, what it serves, and its limits. */
import type { Channel } from './channel.ts';
import type { Clock } from './clock.ts';
import type { Served } from './handlers.ts';
import type { RpcLimits } from './limits.ts';
import type { Log } from './log.ts';
import type { Defer } from './output.ts';
import type { ReceiveBudget } from './receive-budget.ts';

/** What a connection is made of. */
export interface ConnectionOptions {
  readonly channel: Channel;
  readonly clock: Clock;
  /** What is served to the other side. */
  readonly serve?: readonly Served[];
  readonly limits?: Partial<RpcLimits>;
  /** The other side needs no `authenticate()`: full payload limits from the start. */
  readonly trusted?: boolean;
  /** Told once, when `authenticate()` is called. */
  readonly onAuthenticated?: () => void;
  readonly onLog?: Log;
  /** Shared with other connections: bounds what all of them hold that arrived and was not taken. */
  readonly receiveBudget?: ReceiveBudget;
  /**
   * Memory for what arrives in several chunks, which large payloads do: at least `byteLength` bytes, such as a buffer that
   * is used again. It belongs to whoever is handed the message. Fresh unless given.
   */
  readonly allocate?: (byteLength: number) => Uint8Array;
  /** Runs a task soon, to gather writes; as promises do unless told otherwise. */
  readonly defer?: Defer;
}
