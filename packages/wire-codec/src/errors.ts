/**
 * What goes wrong in this package, as stable codes. Values and bytes that cannot be coded are `CodecError`s on the way
 * out as on the way in, because both may stem from a user; a schema that makes no sense is a TypeError or RangeError.
 */

/** The reasons of a `CodecError`; never renamed. */
export type CodecErrorCode =
  /** The bytes stop before the value does. */
  | 'unexpected_end'
  /** Bytes are left over after the value. */
  | 'trailing_bytes'
  /** A number that its codec cannot hold. */
  | 'out_of_range'
  /** A varint with needless bytes. */
  | 'not_minimal'
  /** A boolean or presence marker other than 0 and 1. */
  | 'invalid_flag'
  /** Text that is not valid UTF-8, or has a lone surrogate. */
  | 'invalid_text'
  /** Text or bytes longer than their codec allows. */
  | 'too_long'
  /** A list or map with more items than its codec allows. */
  | 'too_many_items'
  /** Bytes of another length than the fixed one. */
  | 'wrong_length'
  /** A union tag that its codec does not know. */
  | 'unknown_tag'
  /** An enumeration value that its codec does not know. */
  | 'unknown_value'
  /** The same map key twice. */
  | 'duplicate_key'
  /** A refinement or mapping said no. */
  | 'refused'
  /** A recursive value nested deeper than its codec allows. */
  | 'too_deep'
  /** A value to encode of another type than its codec's. */
  | 'wrong_type';

/** The reasons of a `FrameError`; never renamed. */
export type FrameErrorCode =
  /** A frame does not open with the two bytes "MT". */
  | 'bad_magic'
  /** A message type that is empty, too long, or not of the letters a-z and the underscore. */
  | 'bad_type'
  /** A payload longer than the limit for its type. */
  | 'payload_too_large'
  /** The stream ended inside a frame. */
  | 'truncated';

/** A value could not be written or read. */
export class CodecError extends Error {
  override readonly name = 'CodecError';
  readonly code: CodecErrorCode;
  /** Field names, item numbers and union variants, outermost first; empty for the value itself. */
  path: readonly string[] = [];
  readonly #action: 'read' | 'write';
  readonly #problem: string;

  constructor(code: CodecErrorCode, action: 'read' | 'write', problem: string, options?: ErrorOptions) {
    super(`Cannot ${action} value: ${problem}`, options);
    this.code = code;
    this.#action = action;
    this.#problem = problem;
  }

  /** Adds the segment that encloses the path so far; called by each struct, list, map and union on the way out. */
  enclose(segment: string): this {
    this.path = [segment, ...this.path];
    this.message = `Cannot ${this.#action} ${this.path.join('.')}: ${this.#problem}`;
    return this;
  }
}

/** A stream of bytes is not a stream of acceptable frames, or a frame cannot be made. */
export class FrameError extends Error {
  override readonly name = 'FrameError';
  readonly code: FrameErrorCode;

  constructor(code: FrameErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** `error` with `segment` in front of its path where it has one, for rethrowing. */
export function enclosed(error: unknown, segment: string): unknown {
  return error instanceof CodecError ? error.enclose(segment) : error;
}

/** The error for a value that did not pass its check. */
export function refusal(action: 'read' | 'write', name: string): CodecError {
  return new CodecError('refused', action, `it is not a valid ${name}`);
}

/** The error for a value that a user's function threw `cause` at. */
export function unfit(action: 'read' | 'write', name: string, cause: unknown): CodecError {
  return new CodecError('refused', action, `it cannot be a ${name}`, { cause });
}

/** The error for a name that an enumeration does not have. */
export function unknownName(name: unknown): CodecError {
  return new CodecError('unknown_value', 'write', `${String(name)} is not one of its names`);
}

/** The error for a number that no name of an enumeration has. */
export function unknownNumber(number: number): CodecError {
  return new CodecError('unknown_value', 'read', `${number} is not one of its numbers`);
}
