/** What the bytes of the other side mean: the events of a session. */
import type { Reader } from '@minitorrent/wire-codec';
import type { Call } from './call-table.ts';
import type { ErrorBody } from './control-frames.ts';

/** An answer to a call made here. `call` is as it is after the event, and `body` not yet decoded. */
export type AnswerEvent =
  | { readonly kind: 'response'; readonly call: Call; readonly body: Reader }
  | { readonly kind: 'error'; readonly call: Call; readonly error: ErrorBody }
  | { readonly kind: 'item'; readonly call: Call; readonly body: Reader; readonly payloadBytes: number }
  | { readonly kind: 'end'; readonly call: Call };

/** What the other side wants as a caller. */
export type CallerEvent =
  | { readonly kind: 'request'; readonly call: Call; readonly body: Reader }
  | { readonly kind: 'cancel'; readonly call: Call }
  | { readonly kind: 'credit'; readonly call: Call };

/** Any event of a session. */
export type SessionEvent =
  /** Both sides have greeted; calls may be made. */
  | { readonly kind: 'opened'; readonly version: number }
  /** The other side will make no further call, and takes none. */
  | { readonly kind: 'goodbye' }
  /** The other side has read all that was made before this question, and before those with lower numbers. */
  | { readonly kind: 'arrived'; readonly question: number }
  | AnswerEvent
  | CallerEvent;
