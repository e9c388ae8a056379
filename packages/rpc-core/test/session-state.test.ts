import { describe, expect, test } from 'vitest';
import type { SessionMove, SessionState } from '../src/session-state.ts';
import { mayBeCalled, mayCall, nextSessionState } from '../src/session-state.ts';

const states: SessionState[] = ['opening', 'open', 'leaving', 'draining', 'closed', 'failed'];
const moves: SessionMove[] = ['hello_received', 'goodbye_sent', 'goodbye_exchanged', 'drained', 'failed'];

describe('nextSessionState', () => {
  test('every legal move, and no other', () => {
    const legal = states.flatMap((state) =>
      moves.flatMap((move) => {
        const next = nextSessionState(state, move);
        return next === undefined ? [] : [`${state} -${move}-> ${next}`];
      }),
    );
    expect(legal).toEqual([
      'opening -hello_received-> open',
      'opening -failed-> failed',
      'open -goodbye_sent-> leaving',
      'open -goodbye_exchanged-> draining',
      'open -failed-> failed',
      'leaving -goodbye_exchanged-> draining',
      'leaving -failed-> failed',
      'draining -drained-> closed',
      'draining -failed-> failed',
    ]);
  });

  test('calls start only between hello and goodbye, theirs until their own goodbye', () => {
    expect(states.filter(mayCall)).toEqual(['open']);
    expect(states.filter(mayBeCalled)).toEqual(['open', 'leaving']);
  });
});
