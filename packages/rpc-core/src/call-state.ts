/**
 * The life of one call, as a table. Both sides keep the same state: one makes a move by sending a frame, the other by
 * receiving it. The caller requests, cancels and grants credit; the callee makes every other move.
 *
 * A cancelled call stays until the callee's last word (response, error or end), which it always sends. So an answer that
 * crossed a cancel is told apart from an answer to a call that never was.
 */

export type CallKind = 'unary' | 'stream';
export type CallState = 'open' | 'cancelled' | 'done';
export type CallMove = 'response' | 'error' | 'item' | 'end' | 'cancel' | 'credit';

type Moves = Readonly<Record<CallState, Readonly<Partial<Record<CallMove, CallState>>>>>;

const table: Readonly<Record<CallKind, Moves>> = {
  unary: {
    open: { response: 'done', error: 'done', cancel: 'cancelled' },
    cancelled: { response: 'done', error: 'done' },
    done: {},
  },
  stream: {
    open: { item: 'open', end: 'done', error: 'done', cancel: 'cancelled', credit: 'open' },
    cancelled: { item: 'cancelled', end: 'done', error: 'done' },
    done: {},
  },
};

/**
 * Whether a caller's move means nothing any more and is passed over: the call is cancelled already, and what the caller
 * said before or beside that may arrive behind it. Credit for a unary call never means anything and stays illegal.
 */
export function isMoot(kind: CallKind, state: CallState, move: CallMove): boolean {
  return state === 'cancelled' && (move === 'cancel' || (move === 'credit' && kind === 'stream'));
}

/** The state after `move`; undefined when the move is illegal in `state`. */
export function nextCallState(kind: CallKind, state: CallState, move: CallMove): CallState | undefined {
  return table[kind][state][move];
}
