/** What this package reports to whoever runs it. It carries no payloads. */
import type { Address } from './channel.ts';
import type { RpcError } from './errors.ts';

/** One thing worth knowing. */
export type LogEntry =
  /** A handler threw something that is not meant for the caller, who was told `internal`. */
  | { readonly kind: 'handler_failed'; readonly method: string; readonly error: unknown }
  /** A connection ended in other than good order. */
  | { readonly kind: 'connection_failed'; readonly remote: Address; readonly error: RpcError }
  /** A server did not accept a channel. */
  | {
      readonly kind: 'connection_refused';
      readonly remote: Address;
      readonly reason: RefusalReason;
    };

/** Why a server did not accept a channel: one of its limits, or `admit`. */
export type RefusalReason = 'too_many_connections' | 'too_many_unauthenticated' | 'not_admitted';

/** Receives log entries; must not throw. */
export type Log = (entry: LogEntry) => void;
