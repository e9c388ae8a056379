/**
 * The life of a session, as a table: both sides greet, work, say goodbye, and are done when both have and no call runs.
 *
 * After our `goodbye` we start no call; those that the other side started before it read our `goodbye` are still served,
 * so that closing in good order loses nothing. A goodbye is answered with a goodbye at once.
 */

export type SessionState =
  /** Our hello is under way, theirs has not arrived. */
  | 'opening'
  | 'open'
  /** We said goodbye, they did not yet. */
  | 'leaving'
  /** Both said goodbye; the calls that run come to their end. */
  | 'draining'
  | 'closed'
  | 'failed';

export type SessionMove = 'hello_received' | 'goodbye_sent' | 'goodbye_exchanged' | 'drained' | 'failed';

interface SessionRow {
  readonly moves: Readonly<Partial<Record<SessionMove, SessionState>>>;
  /** May this side start a call? */
  readonly mayCall: boolean;
  /** May the other side start a call? */
  readonly mayBeCalled: boolean;
}

const table: Readonly<Record<SessionState, SessionRow>> = {
  opening: {
    moves: { hello_received: 'open', failed: 'failed' },
    mayCall: false,
    mayBeCalled: false,
  },
  open: {
    moves: { goodbye_sent: 'leaving', goodbye_exchanged: 'draining', failed: 'failed' },
    mayCall: true,
    mayBeCalled: true,
  },
  leaving: {
    moves: { goodbye_exchanged: 'draining', failed: 'failed' },
    mayCall: false,
    mayBeCalled: true,
  },
  draining: { moves: { drained: 'closed', failed: 'failed' }, mayCall: false, mayBeCalled: false },
  closed: { moves: {}, mayCall: false, mayBeCalled: false },
  failed: { moves: {}, mayCall: false, mayBeCalled: false },
};

/** The state after `move`; undefined when the move is illegal in `state`. */
export function nextSessionState(state: SessionState, move: SessionMove): SessionState | undefined {
  return table[state].moves[move];
}

/** Whether this side may start a call now. */
export function mayCall(state: SessionState): boolean {
  return table[state].mayCall;
}

/** Whether the other side may start a call now. */
export function mayBeCalled(state: SessionState): boolean {
  return table[state].mayBeCalled;
}
