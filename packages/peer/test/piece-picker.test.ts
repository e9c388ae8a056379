import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PieceMap } from '../src/piece-map.ts';
import { type PickStrategy, pickStrategy, rangeFirst } from '../src/piece-picker.ts';
import { type PeerId, peerId } from '../src/swarm-events.ts';
import type { PickStrategyName } from '../src/transfers.ts';
import { createSeededRandom } from './support/seeded-random.ts';

const PIECES = 40;
const PEERS = ['a', 'b', 'c'].map((name) => peerId(name));
const NAMES: readonly PickStrategyName[] = ['rarest-first', 'random', 'sequential'];

const subset = fc.uniqueArray(fc.nat({ max: PIECES - 1 }));
const swarm = fc.record({
  haves: fc.tuple(subset, subset, subset),
  asked: subset,
  free: fc.subarray([...PEERS]),
  maxPieces: fc.integer({ min: 1, max: 4 }),
  extra: fc.nat({ max: 10 }),
  seed: fc.integer(),
});

type Swarm = typeof swarm extends fc.Arbitrary<infer T> ? T : never;

function viewOf({ haves, asked, free, maxPieces, extra, seed }: Swarm) {
  const pieces = new PieceMap(PIECES, { length: PIECES, has: () => false });
  PEERS.forEach((peer, place) => {
    pieces.setPeer(peer, { length: PIECES, has: (index) => haves[place]?.includes(index) ?? false });
  });
  for (const index of asked) pieces.withdraw(index);
  const uploaders = free.map((peer) => ({ peer, queuedPieces: 0, room: 9, bytesPerSecond: 1 }));
  const random = createSeededRandom(seed);
  return { pieces, uploaders, maxPieces, wantPieces: maxPieces + extra, random };
}

function canPick({ haves, asked, free }: Swarm): boolean {
  return PEERS.some(
    (peer, place) => free.includes(peer) && haves[place]?.some((index) => !asked.includes(index)),
  );
}

function openOf(pieces: PieceMap, peer: PeerId): number[] {
  return Array.from({ length: PIECES }, (_, index) => index).filter(
    (index) => pieces.isOpen(index) && pieces.has(peer, index),
  );
}

const strategies: fc.Arbitrary<PickStrategy> = fc.oneof(
  fc.constantFrom(...NAMES).map(pickStrategy),
  fc
    .tuple(fc.constantFrom(...NAMES), fc.nat({ max: PIECES }), fc.nat({ max: PIECES }))
    .map(([name, first, last]) => rangeFirst(pickStrategy(name), { first, last })),
);

describe('a pick strategy', () => {
  it.each(NAMES)('takes first what was begun, of whoever has it, where it is %s', (name) => {
    const [a, b] = PEERS as [PeerId, PeerId];
    const pieces = new PieceMap(PIECES, { length: PIECES, has: () => false });
    pieces.setPeer(a, { length: PIECES, has: () => true });
    pieces.setPeer(b, { length: PIECES, has: (index) => index > 30 });
    for (const index of [35, 20, 38]) pieces.begin(index);
    pieces.withdraw(38);
    const random = createSeededRandom(1);
    const view = (peer: PeerId, maxPieces: number) => ({
      ...{ pieces, maxPieces, wantPieces: 10, random },
      uploaders: [{ peer, queuedPieces: 0, room: 9, bytesPerSecond: 1 }],
    });
    const strategy = pickStrategy(name);
    expect(strategy.pick(view(a, 4))).toEqual({ peer: a, pieces: [35, 20] });
    expect(strategy.pick(view(a, 1))).toEqual({ peer: a, pieces: [35] });
    expect(strategy.pick(view(b, 4))).toEqual({ peer: b, pieces: [35] });
    // What a reader waits for comes before that.
    const range = rangeFirst(strategy, { first: 3, last: 3 });
    expect(range.pick(view(a, 4))?.pieces).toEqual([3]);
    for (const index of [35, 20]) pieces.obtain(index);
    expect(strategy.pick(view(a, 1))?.pieces).not.toContain(35);
  });

  it('picks open pieces of a free uploader that has them, whenever there are any', () => {
    fc.assert(
      fc.property(strategies, swarm, (strategy, of) => {
        const view = viewOf(of);
        const pick = strategy.pick(view);
        expect(pick !== undefined).toBe(canPick(of));
        if (!pick) return;
        expect(of.free).toContain(pick.peer);
        expect(pick.pieces.length).toBeGreaterThan(0);
        expect(pick.pieces.length).toBeLessThanOrEqual(view.wantPieces);
        expect(new Set(pick.pieces).size).toBe(pick.pieces.length);
        for (const index of pick.pieces) expect(openOf(view.pieces, pick.peer)).toContain(index);
      }),
    );
  });
});

describe('rarest-first', () => {
  it('takes the first uploader that has something, and of its pieces those with the fewest copies', () => {
    fc.assert(
      fc.property(swarm, (of) => {
        const view = viewOf(of);
        const pick = pickStrategy('rarest-first').pick(view);
        const first = of.free.find((peer) => openOf(view.pieces, peer).length > 0);
        expect(pick?.peer).toBe(first);
        if (!pick || !first) return;
        const copies = openOf(view.pieces, first).map((index) => view.pieces.copiesOf(index));
        const picked = pick.pieces.map((index) => view.pieces.copiesOf(index));
        expect(picked).toEqual(copies.sort((a, b) => a - b).slice(0, view.wantPieces));
      }),
    );
  });
});

describe('sequential', () => {
  it('takes the first open pieces of the file that the uploader has, and no more than it asks for', () => {
    fc.assert(
      fc.property(swarm, (of) => {
        const view = viewOf(of);
        const pick = pickStrategy('sequential').pick(view);
        if (!pick) return;
        expect(pick.pieces).toEqual(openOf(view.pieces, pick.peer).slice(0, view.maxPieces));
      }),
    );
  });
});

describe('random', () => {
  it('gives each peer of a piece its share, as the seed does', () => {
    const view = viewOf({
      haves: [[5], [5], [5]],
      asked: [],
      free: [...PEERS],
      maxPieces: 1,
      extra: 0,
      seed: 11,
    });
    const counts = new Map<PeerId, number>();
    for (let round = 0; round < 3_000; round += 1) {
      const pick = pickStrategy('random').pick(view);
      if (pick) counts.set(pick.peer, (counts.get(pick.peer) ?? 0) + 1);
    }
    for (const peer of PEERS) expect(Math.abs((counts.get(peer) ?? 0) - 1_000)).toBeLessThan(120);
  });
});

describe('rangeFirst', () => {
  it('takes the pieces of the range in order before any other', () => {
    fc.assert(
      fc.property(swarm, fc.nat({ max: PIECES - 1 }), fc.nat({ max: 10 }), (of, first, length) => {
        const view = viewOf(of);
        const range = { first, last: first + length };
        const pick = rangeFirst(pickStrategy('rarest-first'), range).pick(view);
        const inRange = (peer: PeerId) =>
          openOf(view.pieces, peer).filter((index) => index >= range.first && index <= range.last);
        const source = of.free.find((peer) => inRange(peer).length > 0);
        if (!source) return;
        expect(pick).toEqual({ peer: source, pieces: inRange(source).slice(0, view.maxPieces) });
      }),
    );
  });
});
