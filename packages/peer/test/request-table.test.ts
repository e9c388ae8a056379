import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceMap } from '../src/piece-map.ts';
import { type PieceRequest, RequestTable, remaining } from '../src/request-table.ts';
import { peerId, requestId } from '../src/swarm-events.ts';

const PIECES = 20;
const PEERS = ['a', 'b', 'c'].map((name) => peerId(name));

const nth = fc.nat({ max: 30 });
const step = fc.oneof(
  fc.record({
    kind: fc.constant('open' as const),
    peer: fc.constantFrom(...PEERS),
    pieces: fc.uniqueArray(fc.nat({ max: PIECES - 1 }), { minLength: 1, maxLength: 6 }),
    maxPieces: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({
    kind: fc.constantFrom('unwant' as const, 'obtain' as const),
    nth,
    piece: fc.nat({ max: PIECES - 1 }),
  }),
  fc.record({ kind: fc.constantFrom('markLate' as const, 'close' as const, 'unwantAll' as const), nth }),
);

function newTable() {
  const pieces = new PieceMap(PIECES, { length: PIECES, has: () => false });
  return { pieces, table: new RequestTable(pieces) };
}

describe('RequestTable', () => {
  it('keeps a piece open exactly while it is missing and no request in time wants it', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { pieces, table } = newTable();
        const all: PieceRequest[] = [];
        for (const each of steps) {
          const request = each.kind === 'open' ? undefined : all[each.nth % Math.max(1, all.length)];
          if (each.kind === 'open') all.push(table.open(each.peer, { ...each, nowMs: 0, deadlineMs: 1 }));
          else if (each.kind === 'obtain') pieces.obtain(each.piece);
          else if (!request) continue;
          else if (each.kind === 'unwant') table.unwant(request, each.piece);
          else table[each.kind](request);
        }
        expectConsistent(pieces, table);
        for (const request of [...table.all()]) table.close(request);
        expect(table.size).toBe(0);
        expect(table.outstanding).toBe(0);
        expect(pieces.openCount).toBe(pieces.missingCount);
      }),
    );
  });

  it('numbers requests and finds them by number, peer and piece', () => {
    const { table } = newTable();
    const [a, b] = PEERS;
    if (!a || !b) throw new Error('no peers');
    const first = table.open(a, { pieces: [1, 2], maxPieces: 1, nowMs: 5, deadlineMs: 9 });
    const second = table.open(b, { pieces: [2], maxPieces: 3, nowMs: 5, deadlineMs: 9 });
    expect(table.get(first.id)).toBe(first);
    expect(table.get(requestId(99))).toBeUndefined();
    expect([...table.of(a)]).toEqual([first]);
    expect([...table.wanting(2)]).toEqual([first, second]);
    expect([table.queuedAt(a), table.queuedAt(b)]).toEqual([1, 1]);
    table.markLate(first);
    table.markLate(first);
    expect([table.isLate(a), table.isLate(b)]).toEqual([true, false]);
    table.close(first);
    table.close(first);
    expect([...table.of(a)]).toEqual([]);
  });
});

function expectConsistent(pieces: PieceMap, table: RequestTable): void {
  let outstanding = 0;
  for (const request of table.all()) {
    if (!request.late) outstanding += remaining(request);
    for (const index of request.wanted) expect(table.wanting(index)).toContain(request);
    expect(table.of(request.peer).has(request)).toBe(true);
  }
  expect(table.outstanding).toBe(outstanding);
  for (let index = 0; index < PIECES; index += 1) {
    const isAsked = [...table.wanting(index)].some((request) => !request.late);
    expect(pieces.isOpen(index)).toBe(pieces.isMissing(index) && !isAsked);
  }
}
