import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceMap } from '../src/piece-map.ts';
import { type PeerId, peerId } from '../src/swarm-events.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const PIECES = 70;
const PEERS = ['a', 'b', 'c', 'd'].map((name) => peerId(name));

const piece = fc.nat({ max: PIECES - 1 });
const peer = fc.constantFrom(...PEERS);
const command = fc.oneof(
  fc.record({ kind: fc.constant('setPeer' as const), peer, have: fc.uniqueArray(piece) }),
  fc.record({ kind: fc.constantFrom('addHave' as const, 'removeHave' as const), peer, index: piece }),
  fc.record({ kind: fc.constant('removePeer' as const), peer }),
  fc.record({
    kind: fc.constantFrom('withdraw' as const, 'offer' as const, 'obtain' as const, 'lose' as const),
    index: piece,
  }),
);

function setOf(indices: Iterable<number>, length: number = PIECES) {
  const set = new Set(indices);
  return { length, has: (index: number) => set.has(index) };
}

/** The same, with sets of numbers and no cleverness. */
class PlainMap {
  readonly peers = new Map<PeerId, Set<number>>();
  readonly missing: Set<number>;
  readonly open: Set<number>;

  constructor(missing: Iterable<number>) {
    this.missing = new Set(missing);
    this.open = new Set(this.missing);
  }

  copiesOf(index: number): number {
    return [...this.peers.values()].filter((have) => have.has(index)).length;
  }

  openOf(of: PeerId): number[] {
    return [...this.open].filter((index) => this.peers.get(of)?.has(index));
  }
}

function apply(
  map: PieceMap,
  plain: PlainMap,
  step: typeof command extends fc.Arbitrary<infer T> ? T : never,
): void {
  switch (step.kind) {
    case 'setPeer':
      map.setPeer(step.peer, setOf(step.have));
      plain.peers.set(step.peer, new Set(step.have));
      break;
    case 'addHave': {
      const have = plain.peers.get(step.peer);
      expect(map.addHave(step.peer, step.index)).toBe(have !== undefined && !have.has(step.index));
      have?.add(step.index);
      break;
    }
    case 'removeHave':
      expect(map.removeHave(step.peer, step.index)).toBe(
        plain.peers.get(step.peer)?.delete(step.index) ?? false,
      );
      break;
    case 'removePeer':
      map.removePeer(step.peer);
      plain.peers.delete(step.peer);
      break;
    case 'withdraw':
      map.withdraw(step.index);
      plain.open.delete(step.index);
      break;
    case 'offer':
      map.offer(step.index);
      if (plain.missing.has(step.index)) plain.open.add(step.index);
      break;
    case 'obtain':
      expect(map.obtain(step.index)).toBe(plain.missing.delete(step.index));
      plain.open.delete(step.index);
      break;
    case 'lose':
      map.lose(step.index);
      if (!plain.missing.has(step.index)) plain.open.add(step.index);
      plain.missing.add(step.index);
      break;
  }
}

function expectSame(map: PieceMap, plain: PlainMap): void {
  expect(map.missingCount).toBe(plain.missing.size);
  expect(map.openCount).toBe(plain.open.size);
  expect(map.obtainableCount).toBe([...plain.open].filter((index) => plain.copiesOf(index) > 0).length);
  for (let index = 0; index < PIECES; index += 1) {
    expect(map.isMissing(index)).toBe(plain.missing.has(index));
    expect(map.isOpen(index)).toBe(plain.open.has(index));
    expect(map.copiesOf(index)).toBe(plain.copiesOf(index));
    expect(new Set(map.peersWith(index))).toEqual(new Set(PEERS.filter((each) => map.has(each, index))));
  }
  const useful = PEERS.filter((each) => map.usefulOf(each) > 0);
  expect(new Set(map.usefulPeers)).toEqual(new Set(useful));
  for (const each of PEERS) {
    const have = plain.peers.get(each);
    expect(map.usefulOf(each)).toBe([...(have ?? [])].filter((index) => plain.missing.has(index)).length);
  }
}

/** The copies of the rarest `limit` open pieces of a peer, ascending. */
function rarestCopies(plain: PlainMap, of: PeerId, limit: number): number[] {
  const copies = plain.openOf(of).map((index) => plain.copiesOf(index));
  return copies.sort((a, b) => a - b).slice(0, limit);
}

describe('PieceMap', () => {
  it('answers as a plain map of sets does, after any history', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(piece),
        fc.array(command, { maxLength: 60 }),
        fc.integer(),
        (have, steps, seed) => {
          const map = new PieceMap(PIECES, setOf(have));
          const plain = new PlainMap(
            Array.from({ length: PIECES }, (_, index) => index).filter((index) => !have.includes(index)),
          );
          for (const step of steps) apply(map, plain, step);
          expectSame(map, plain);
          const random = createSeededRandom(seed);
          for (const each of PEERS) {
            for (const limit of [1, 5, PIECES]) {
              const rarest = map.rarestOpen(each, limit, random);
              expect(rarest.map((index) => plain.copiesOf(index))).toEqual(rarestCopies(plain, each, limit));
              expect(new Set(rarest).size).toBe(rarest.length);
              for (const index of rarest) expect(plain.openOf(each)).toContain(index);
              expect(map.randomOpenOf(each, limit, random).length).toBe(rarest.length);
            }
            const inOrder = map.openInRange(each, { first: 10, last: 40 }, 4);
            const expected = plain.openOf(each).filter((index) => index >= 10 && index <= 40);
            expect(inOrder).toEqual(expected.sort((a, b) => a - b).slice(0, 4));
          }
          const obtainable = [...plain.open].filter((index) => plain.copiesOf(index) > 0);
          expect(new Set(map.randomOpen(PIECES, random))).toEqual(new Set(obtainable));
        },
      ),
    );
  });

  it('chooses among equals with equal chances', () => {
    const map = new PieceMap(PIECES, setOf([]));
    const [a] = PEERS;
    if (!a) throw new Error('no peer');
    map.setPeer(a, setOf([3, 40, 41, 69]));
    const random = createSeededRandom(7);
    const counts = new Map<number, number>();
    for (let round = 0; round < 4_000; round += 1) {
      const [index = -1] = map.rarestOpen(a, 1, random);
      counts.set(index, (counts.get(index) ?? 0) + 1);
    }
    expect([...counts.keys()].sort((x, y) => x - y)).toEqual([3, 40, 41, 69]);
    for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });

  it('ignores news out of range and bitfields that are too long, which come from outside', () => {
    const map = new PieceMap(4, setOf([], 4));
    const a = peerId('a');
    map.setPeer(a, { length: 100, has: () => true });
    expect([0, 1, 2, 3, 4].map((index) => map.has(a, index))).toEqual([true, true, true, true, false]);
    for (const index of [-1, 4, 0.5, Number.NaN]) expect(map.addHave(a, index)).toBe(false);
    expect(map.addHave(peerId('stranger'), 1)).toBe(false);
    expect(map.copiesOf(1)).toBe(1);
  });

  it('refuses piece indices out of range from its owner', () => {
    const map = new PieceMap(4, setOf([], 4));
    for (const call of [map.withdraw, map.offer, map.obtain, map.lose]) {
      expect(() => call.call(map, 4)).toThrow(RangeError);
    }
  });

  it('picks within a bounded number of steps at 262,144 pieces', () => {
    const pieces = 262_144;
    const map = new PieceMap(pieces, { length: pieces, has: () => false });
    const random = createSeededRandom(1);
    for (const each of PEERS) map.setPeer(each, { length: pieces, has: (index) => index % 3 !== 0 });
    const last = peerId('last');
    map.setPeer(last, { length: pieces, has: (index) => index === pieces - 1 });
    // Each pick is exact although nothing was sorted: the only piece with five copies is the last one of this peer.
    expect(map.rarestOpen(last, 1, random)).toEqual([pieces - 1]);
    for (let round = 0; round < 500; round += 1) {
      const [index = 0] = map.rarestOpen(PEERS[0] ?? last, 1, random);
      map.withdraw(index);
      expect(index % 3).not.toBe(0);
    }
    expect(map.openCount).toBe(pieces - 500);
  });
});
