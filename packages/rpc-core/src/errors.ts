/**
 * The one error class of this package and its codes.
 *
 * A code is stable and never renamed: programs branch on it, `PROTOCOL.md` lists it. Codes of applications travel through
 * the same class. What a handler throws that is no `RpcError` never reaches the other side: it becomes `internal`.
 */

/** Codes that answer one call; they may arrive from the other side (`error.remote` is then true). */
export type CallErrorCode =
  /** The caller gave up on the call. */
  | 'cancelled'
  /** `timeoutMs` passed before the answer came. */
  | 'deadline_exceeded'
  /** The other side does not serve this method. */
  | 'unimplemented'
  /** The handler failed for a reason that is not the caller's business. */
  | 'internal'
  /** The request is not what the method's codec accepts, or larger than the contract allows. */
  | 'bad_request'
  /** The response or item is not what the method's codec accepts. */
  | 'bad_response'
  /** More calls at once than were agreed, or more waiting here than `limits.waitingCalls`. */
  | 'too_many_calls';

/** Codes of a connection that cannot be made or does not live on; they are made at home and never travel as an answer. */
export type ConnectionErrorCode =
  | 'connect_failed'
  | 'listen_failed'
  /** Something answers at the address, but no secure channel came of it. */
  | 'handshake_failed'
  /** Another device answers than the one expected, or none that can prove who it is. */
  | 'wrong_identity'
  /** The connection ended before the answer: whether the call was carried out is unknown. */
  | 'connection_lost'
  /** The connection is closing or closed: the call was not sent. */
  | 'closed'
  | 'handshake_timeout'
  | 'idle_timeout'
  /** A frame that was begun does not arrive at `limits.partialFrameBytesPerSecond`. */
  | 'frame_too_slow'
  /** The other side does not read what it causes to be sent. */
  | 'output_overflow'
  /** All connections together hold more than `limits.receiveBytes`, and this one the most. */
  | 'receive_overflow'
  /** `close()` did not find its end within `limits.drainMs`. */
  | 'drain_timeout'
  | ProtocolErrorCode;

/** Codes of a peer that breaks the protocol; each of them ends the connection. */
export type ProtocolErrorCode =
  | 'bad_frame'
  | 'bad_envelope'
  | 'bad_hello'
  | 'version_mismatch'
  | 'unexpected_frame'
  /** A call id that was used before. */
  | 'bad_call_id'
  /** An answer to a call that was not made or is over. */
  | 'unknown_call'
  | 'credit_exceeded';

/** Codes of a device's own key and of device ids; they never travel. */
export type IdentityErrorCode =
  /** Text that is no device id, or has a typing mistake. */
  | 'bad_device_id'
  /** The file of the key is not what was written: half of it, or changed. */
  | 'identity_corrupt'
  /** Others than its owner may read the file of the key. */
  | 'identity_exposed'
  /** The operating system refused to read or make the file of the key. */
  | 'identity_failed'
  /** An address was given without the device id of who must answer there. */
  | 'no_pin';

/** Every code that this package itself gives. */
export type RpcErrorCode = CallErrorCode | ConnectionErrorCode | IdentityErrorCode;

/** How every failure of a call or a connection is told. */
export class RpcError extends Error {
  override readonly name = 'RpcError';
  /** An `RpcErrorCode`, or a code of the application. */
  readonly code: string;
  /** True when the other side said so; false when it was found out here. */
  readonly remote: boolean;

  /** @param code 1-32 characters of `a-z` and `_`; another code does not travel. */
  constructor(
    // The union with `string & {}` keeps the suggestions of an editor and lets applications bring their own codes.
    code: RpcErrorCode | (string & {}),
    message: string,
    options?: { readonly cause?: unknown; readonly remote?: boolean },
  ) {
    super(message, options?.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remote = options?.remote ?? false;
  }
}

const codesThatStayAtHome: ReadonlySet<string> = new Set<ConnectionErrorCode | IdentityErrorCode>([
  'connect_failed',
  'listen_failed',
  'handshake_failed',
  'wrong_identity',
  'connection_lost',
  'closed',
  'handshake_timeout',
  'idle_timeout',
  'frame_too_slow',
  'output_overflow',
  'receive_overflow',
  'drain_timeout',
  'bad_frame',
  'bad_envelope',
  'bad_hello',
  'version_mismatch',
  'unexpected_frame',
  'bad_call_id',
  'unknown_call',
  'credit_exceeded',
  'bad_device_id',
  'identity_corrupt',
  'identity_exposed',
  'identity_failed',
  'no_pin',
]);

/**
 * Whether an error thrown by a handler may be told to the caller. What another connection reported to the handler may
 * not: it was meant for the handler, and `connection_lost` from a live connection would mislead.
 */
export function isMeantForCaller(error: unknown): error is RpcError {
  return (
    error instanceof RpcError &&
    !error.remote &&
    !codesThatStayAtHome.has(error.code) &&
    /^[a-z_]{1,32}$/.test(error.code)
  );
}

/** The text of whatever was thrown, for messages and logs at home. */
export function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
