/** What is kept of pieces that are not whole: nothing right is lost, nothing wrong is kept, and it has a bound. */
import { createManifest, hashLeaves, LEAF_BYTES, type VerifiedPiece } from '@minitorrent/chunk-store';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BegunPieces, type NamedPieces, type OpenPiece } from '../src/begun-pieces.ts';

const LEAVES = 4;
const PIECE_LENGTH = LEAVES * LEAF_BYTES;
const PIECES = 5;
/** The last piece is short, and so is its last leaf. */
const bytes = Uint8Array.from({ length: (PIECES - 1) * PIECE_LENGTH + LEAF_BYTES + 7 }, (_, at) => at % 251);
const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: PIECE_LENGTH });

describe('BegunPieces', () => {
  it('goes on with another peer where one has stopped', () => {
    const { begun, deliver } = setUp({ most: 2 });
    const one = begun.open(0, hashesOf(0));
    expect(deliver(one, 0, 3)).toBeUndefined();
    one.close();
    expect(begun.name([0, 1]).pieces).toEqual([{ index: 0, fromLeaf: 3 }]);
    const other = begun.open(0, hashesOf(0));
    expect(bytesOf(deliver(other, 3, 1))).toEqual(pieceBytes(0));
    other.settled();
    other.close();
    expect(begun.size).toBe(0);
  });

  it('keeps the leaves before a wrong one, and nothing of a piece of which none was right', () => {
    const { begun, deliver } = setUp({ most: 2 });
    const [liar, worse] = [begun.open(0, hashesOf(0)), begun.open(1, hashesOf(1))];
    expect(() => liar.addBlock(0, flipped(pieceBytes(0), 2 * LEAF_BYTES))).toThrow(wrongLeaf(0, 2));
    expect(() => worse.addBlock(0, flipped(pieceBytes(1), 0))).toThrow(wrongLeaf(1, 0));
    for (const piece of [liar, worse]) piece.close();
    expect(begun.name([0, 1]).pieces).toEqual([{ index: 0, fromLeaf: 2 }]);
    expect(begun.size).toBe(1);
    expect(bytesOf(deliver(begun.open(0, hashesOf(0)), 2, 2))).toEqual(pieceBytes(0));
  });

  it('begins nothing for leaf hashes that are none, and loses nothing by them', () => {
    const { begun, deliver } = setUp({ most: 2 });
    expect(() => begun.open(1, hashesOf(0))).toThrow(expect.objectContaining({ code: 'hash_mismatch' }));
    expect(begun.size).toBe(0);
    deliver(begun.open(0, hashesOf(0)), 0, 1);
    expect(() => begun.open(0, hashesOf(1))).toThrow(expect.objectContaining({ code: 'hash_mismatch' }));
    expect(begun.name([0]).pieces).toEqual([{ index: 0, fromLeaf: 1 }]);
  });

  it('gives the blocks of a stored piece to the next one although somebody still sends the first', () => {
    const { begun, deliver } = setUp({ most: 2 });
    const [slow, quick] = [begun.open(0, hashesOf(0)), begun.open(0, hashesOf(0))];
    deliver(slow, 0, 1);
    expect(deliver(quick, 0, LEAVES)).toBeDefined();
    quick.settled();
    const next = begun.open(1, hashesOf(1));
    deliver(next, 0, 1);
    expect(deliver(slow, 1, LEAVES - 1)).toBeUndefined();
    expect(() => slow.addBlock(0, flipped(pieceBytes(0), 0))).toThrow(wrongLeaf(0, 0));
    expect(bytesOf(deliver(next, 1, LEAVES - 1))).toEqual(pieceBytes(1));
  });

  it('keeps no more than it may, and forgets the piece of which least is here', () => {
    const { begun, deliver } = setUp({ most: 2 });
    for (const [index, leaves] of [
      [0, 2],
      [1, 1],
      [2, 3],
    ] as const) {
      const piece = begun.open(index, hashesOf(index));
      deliver(piece, 0, leaves);
      piece.close();
    }
    expect(begun.size).toBe(2);
    expect(begun.name([0, 1, 2]).pieces).toEqual([
      { index: 0, fromLeaf: 2 },
      { index: 2, fromLeaf: 3 },
    ]);
  });

  it('names no more than it may keep, and keeps all that it named', () => {
    const { begun, deliver } = setUp({ most: 1 });
    const sending = [0, 1, 2].map((index) => begun.open(index, hashesOf(index)));
    for (const piece of sending) deliver(piece, 0, 2);
    const first = begun.name([1, 2]);
    expect(first.pieces).toEqual([{ index: 1, fromLeaf: 2 }]);
    expect(begun.name([0, 1]).pieces).toEqual([{ index: 1, fromLeaf: 2 }]);
    for (const piece of sending) piece.close();
    expect(begun.size).toBe(1);
    first.release();
    expect(begun.name([0, 1, 2]).pieces).toEqual([{ index: 1, fromLeaf: 2 }]);
  });

  it('asks for one leaf of a piece that is whole and not stored yet', () => {
    const { begun, deliver } = setUp({ most: 1 });
    const piece = begun.open(0, hashesOf(0));
    expect(deliver(piece, 0, LEAVES)).toBeDefined();
    expect(begun.name([0]).pieces).toEqual([{ index: 0, fromLeaf: LEAVES - 1 }]);
  });

  it('forgets what the store has got from elsewhere', () => {
    const stored = new Set<number>();
    const { begun, deliver } = setUp({ most: 2, stored });
    const piece = begun.open(0, hashesOf(0));
    deliver(piece, 0, 1);
    stored.add(0);
    piece.close();
    expect(begun.size).toBe(0);
  });

  it('loses no right leaf of what it names, keeps no wrong one, and stays within its bound, whatever peers do', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3 }), fc.array(move, { maxLength: 120 }), (most, moves) => {
        const model = new Model(most);
        for (const { kind, place, leaves, isWrong } of moves) {
          if (kind === 'open') model.open(place % PIECES);
          else if (kind === 'send') model.send(place, leaves, isWrong);
          else if (kind === 'close') model.close(place);
          else if (kind === 'name') model.name(place);
          else model.release(place);
          model.check();
        }
      }),
      { numRuns: 300 },
    );
  });
});

const move = fc.record({
  kind: fc.constantFrom(
    'open' as const,
    'send' as const,
    'send' as const,
    'close' as const,
    'name' as const,
    'release' as const,
  ),
  place: fc.nat(),
  leaves: fc.integer({ min: 1, max: LEAVES }),
  isWrong: fc.nat(4).map((dice) => dice === 0),
});

/** Peers that send, each from the leaf that it was asked for, and calls that name what is begun. */
class Model {
  readonly #most: number;
  readonly #begun: BegunPieces;
  readonly #stored = new Set<number>();
  readonly #sending: { readonly index: number; readonly piece: OpenPiece; nextLeaf: number }[] = [];
  readonly #named: { readonly index: number; readonly fromLeaf: number; readonly call: NamedPieces }[] = [];

  constructor(most: number) {
    this.#most = most;
    this.#begun = setUp({ most, stored: this.#stored }).begun;
  }

  open(index: number): void {
    const fromLeaf = this.#named.findLast((named) => named.index === index)?.fromLeaf ?? 0;
    this.#sending.push({ index, piece: this.#begun.open(index, hashesOf(index)), nextLeaf: fromLeaf });
  }

  send(place: number, leaves: number, isWrong: boolean): void {
    const sender = this.#sending[place % this.#sending.length];
    if (sender === undefined) return;
    const whole = pieceBytes(sender.index);
    const offset = sender.nextLeaf * LEAF_BYTES;
    if (offset >= whole.length) return;
    const block = whole.slice(offset, offset + leaves * LEAF_BYTES);
    if (isWrong) {
      expect(() => sender.piece.addBlock(offset, flipped(block, 0))).toThrow(
        wrongLeaf(sender.index, sender.nextLeaf),
      );
      this.close(place);
      return;
    }
    const done = sender.piece.addBlock(offset, block);
    sender.nextLeaf += Math.ceil(block.length / LEAF_BYTES);
    if (done === undefined) return;
    expect(bytesOf(done)).toEqual(whole);
    this.#stored.add(sender.index);
    sender.piece.settled();
  }

  close(place: number): void {
    const [sender] = this.#sending.splice(place % Math.max(1, this.#sending.length), 1);
    sender?.piece.close();
  }

  name(place: number): void {
    const call = this.#begun.name([place % PIECES]);
    const [piece] = call.pieces;
    if (piece === undefined) call.release();
    else this.#named.push({ ...piece, call });
  }

  release(place: number): void {
    const [named] = this.#named.splice(place % Math.max(1, this.#named.length), 1);
    named?.call.release();
  }

  check(): void {
    const sent = new Set(this.#sending.map(({ index }) => index));
    const named = new Set(this.#named.map(({ index }) => index));
    expect(named.size).toBeLessThanOrEqual(this.#most);
    expect(this.#begun.size).toBeLessThanOrEqual(Math.max(this.#most, new Set([...sent, ...named]).size));
    for (const { index, fromLeaf } of this.#named) {
      if (this.#stored.has(index)) continue;
      const again = this.#begun.name([index]);
      expect(again.pieces[0]?.fromLeaf).toBeGreaterThanOrEqual(fromLeaf);
      again.release();
    }
  }
}

function setUp({
  most,
  stored = new Set(),
}: {
  readonly most: number;
  readonly stored?: ReadonlySet<number>;
}) {
  const begun = new BegunPieces({
    manifest,
    have: { length: PIECES, has: (index) => stored.has(index) },
    // It is another's then, who writes something else there.
    release: (released) => released.fill(0xdd),
    most,
  });
  const deliver = (piece: OpenPiece, firstLeaf: number, leaves: number): VerifiedPiece | undefined =>
    piece.addBlock(
      firstLeaf * LEAF_BYTES,
      pieceBytes(piece.index).slice(firstLeaf * LEAF_BYTES, (firstLeaf + leaves) * LEAF_BYTES),
    );
  return { begun, deliver };
}

function bytesOf(piece: VerifiedPiece | undefined): Uint8Array | undefined {
  return piece && new Uint8Array(Buffer.concat(piece.parts));
}

function pieceBytes(index: number): Uint8Array {
  return bytes.subarray(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

function hashesOf(index: number): Uint8Array {
  return hashLeaves(pieceBytes(index));
}

function flipped(block: Uint8Array, at: number): Uint8Array {
  const wrong = Uint8Array.from(block);
  wrong[at] = (wrong[at] ?? 0) ^ 1;
  return wrong;
}

function wrongLeaf(piece: number, leaf: number) {
  return expect.objectContaining({ code: 'hash_mismatch', piece, leaf });
}
