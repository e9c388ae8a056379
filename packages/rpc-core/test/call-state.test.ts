import { describe, expect, test } from 'vitest';
import type { CallKind, CallMove, CallState } from '../src/call-state.ts';
import { nextCallState } from '../src/call-state.ts';

const states: CallState[] = ['open', 'cancelled', 'done'];
const moves: CallMove[] = ['response', 'error', 'item', 'end', 'cancel', 'credit'];

describe('nextCallState', () => {
  test('every legal move, and no other', () => {
    expect(legalMoves('unary')).toEqual([
      'open -response-> done',
      'open -error-> done',
      'open -cancel-> cancelled',
      'cancelled -response-> done',
      'cancelled -error-> done',
    ]);
    expect(legalMoves('stream')).toEqual([
      'open -error-> done',
      'open -item-> open',
      'open -end-> done',
      'open -cancel-> cancelled',
      'open -credit-> open',
      'cancelled -error-> done',
      'cancelled -item-> cancelled',
      'cancelled -end-> done',
    ]);
  });
});

function legalMoves(kind: CallKind): string[] {
  return states.flatMap((state) =>
    moves.flatMap((move) => {
      const next = nextCallState(kind, state, move);
      return next === undefined ? [] : [`${state} -${move}-> ${next}`];
    }),
  );
}
