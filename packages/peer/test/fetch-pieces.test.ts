/** That a fault of a peer costs time and never data: what it sent right stays, and others are asked for the rest. */
import { randomBytes } from 'node:crypto';
import {
  type ChunkStore,
  createManifest,
  createMemoryStore,
  createPieceLayout,
  LEAF_BYTES,
  StoreError,
} from '@minitorrent/chunk-store';
import { createConnection, createSystemClock, type Handlers, RpcError, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { describe, expect, it, vi } from 'vitest';
import { BegunPieces } from '../src/begun-pieces.ts';
import { type PieceItem, peerContract } from '../src/contract.ts';
import { fetchPieces } from '../src/shell/fetch-pieces.ts';
import { peerId, requestId, type SwarmEvent } from '../src/swarm-events.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { honest, inLeaves, pieceItems } from './support/rogues.ts';

const PIECE_LENGTH = 128 * 1024;
const LEAVES = PIECE_LENGTH / LEAF_BYTES;
const bytes = randomBytes(3 * PIECE_LENGTH + 5 * LEAF_BYTES + 100);
const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: PIECE_LENGTH });
const LAST = createPieceLayout(manifest).pieceCount - 1;
const file = { manifest, bytes };

type SendPieces = Handlers<typeof peerContract>['send_pieces'];
type Request = Parameters<SendPieces>[0];

describe('fetchPieces', () => {
  it.each([
    ['vanishes', (connection: { abort(): void }) => connection.abort(), 'failed'],
    ['gives up', () => fail(new RpcError('missing_piece', 'Cannot send: it is lost here')), 'missing_piece'],
    ['ends in good order', () => undefined, 'done'],
  ])('keeps what came of a piece whose sender %s, and asks for the rest', async (_, end, outcome) => {
    await using scene = setUp();
    const [piece] = await scene.fetch([1], async function* (request, { connection }) {
      yield* leavesOf(request, 1).slice(0, 1 + 5);
      end(connection);
    });
    expect(piece?.at(-1)).toMatchObject({ kind: 'request_ended', outcome });
    const [rest, request] = await scene.fetch([1], sendingWell);
    expect(request?.begun).toEqual([{ index: 1, fromLeaf: 5 }]);
    expect(received(rest)).toBe((LEAVES - 5) * LEAF_BYTES);
    expect(rest?.[0]).toMatchObject({ kind: 'piece_started', bytes: (LEAVES - 5) * LEAF_BYTES });
    expect(rest).toContainEqual(expect.objectContaining({ kind: 'piece_verified', index: 1 }));
    expect(await scene.read(1)).toEqual(pieceBytes(1));
  });

  it('bans for a wrong leaf, and asks from that leaf on', async () => {
    await using scene = setUp();
    const [events] = await scene.fetch([LAST], async function* (request) {
      const [opening, ...leaves] = leavesOf(request, LAST);
      yield opening as PieceItem;
      for (const [place, leaf] of leaves.entries()) yield place === 3 ? flipped(leaf) : leaf;
    });
    expect(events?.at(-1)).toMatchObject({ kind: 'piece_bad', index: LAST, leaf: 3 });
    expect(received(events)).toBe(3 * LEAF_BYTES);
    const [rest, request] = await scene.fetch([0, LAST], sendingWell);
    expect(request?.begun).toEqual([{ index: LAST, fromLeaf: 3 }]);
    expect(received(rest)).toBe(PIECE_LENGTH + 2 * LEAF_BYTES + 100);
    expect(await scene.read(LAST)).toEqual(pieceBytes(LAST));
  });

  it('loses nothing by leaf hashes that are none', async () => {
    await using scene = setUp();
    await scene.fetch([0], async function* (request) {
      yield* leavesOf(request, 0).slice(0, 1 + 2);
    });
    const [events] = await scene.fetch([0], async function* () {
      yield { kind: 'piece', index: 0, leafHashes: new Uint8Array(32 * LEAVES) };
    });
    expect(events?.at(-1)).toMatchObject({ kind: 'piece_bad', index: 0, leaf: 0 });
    const [, request] = await scene.fetch([0], sendingWell);
    expect(request?.begun).toEqual([{ index: 0, fromLeaf: 2 }]);
  });

  it('takes a piece from two at once, and writes it once', async () => {
    await using scene = setUp();
    const [reached, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const slow = scene.fetch([0], async function* (request) {
      const [opening, ...leaves] = leavesOf(request, 0);
      yield opening as PieceItem;
      for (const [place, leaf] of leaves.entries()) {
        if (place === 3) reached.resolve();
        if (place === 3) await done.promise;
        yield leaf;
      }
      yield* leavesOf(request, 2);
    });
    await reached.promise;
    await vi.waitFor(() => expect(scene.begun.name([0]).pieces[0]?.fromLeaf).toBe(3));
    const [quick, request] = await scene.fetch([0], sendingWell);
    expect(request?.begun).toEqual([{ index: 0, fromLeaf: 3 }]);
    expect(received(quick)).toBe((LEAVES - 3) * LEAF_BYTES);
    // Its buffer is used again while the slow one still sends.
    await scene.fetch([1], async function* (asked) {
      yield* leavesOf(asked, 1).slice(0, 1 + 4);
    });
    done.resolve();
    const [events] = await slow;
    expect(verified(events)).toEqual([2]);
    expect(scene.written).toEqual([0, 2]);
    await scene.fetch([1], sendingWell);
    for (const index of [0, 1, 2]) expect(await scene.read(index)).toEqual(pieceBytes(index));
  });

  it.each<readonly [string, (leaves: readonly PieceItem[]) => readonly PieceItem[]]>([
    ['begin with the first leaf although others were asked for', (leaves) => leaves],
    ['leave out a leaf', ([opening, , , one, , two]) => [opening, one, two] as PieceItem[]],
    ['come twice', ([opening, , , one]) => [opening, one, one] as PieceItem[]],
    ['come before the piece', ([, , , one]) => [one] as PieceItem[]],
    ['go beyond the piece', (leaves) => [...leaves.toSpliced(1, 2), ...leaves.slice(-1)]],
  ])('takes blocks for no answer that %s', async (_, choose) => {
    await using scene = setUp();
    await scene.fetch([0], async function* (request) {
      yield* leavesOf(request, 0).slice(0, 1 + 2);
    });
    const [events] = await scene.fetch([0], async function* () {
      yield* choose(leavesOf({ want: [0], begun: [] }, 0));
    });
    expect(events?.at(-1)).toMatchObject({ kind: 'answer_broken' });
  });

  it('fetches a piece again that the store did not take', async () => {
    let isFull = true;
    await using scene = setUp(() => {
      if (isFull) throw new StoreError('disk_full', 'Cannot write: no space left');
    });
    const [events] = await scene.fetch([0], sendingWell);
    expect(events?.at(-1)).toMatchObject({ kind: 'request_ended', outcome: 'failed' });
    expect(scene.begun.size).toBe(0);
    isFull = false;
    const [again] = await scene.fetch([0], sendingWell);
    expect(verified(again)).toEqual([0]);
    expect(await scene.read(0)).toEqual(pieceBytes(0));
  });
});

const sendingWell = honest(manifest, bytes).send_pieces;

/** A download into memory, and one peer after another, each over a connection of its own. */
function setUp(beforeWrite: () => void = () => undefined) {
  const store = createMemoryStore({ manifest });
  const clock = createSystemClock();
  const written: number[] = [];
  const noting: ChunkStore = Object.create(store, {
    writePiece: {
      value: async (...args: Parameters<ChunkStore['writePiece']>) => {
        beforeWrite();
        written.push(args[0].index);
        await store.writePiece(...args);
      },
    },
  });
  const begun = new BegunPieces({
    ...{ manifest, have: store.have, most: 4 },
    release: () => {},
  });
  let calls = 0;
  return {
    ...{ begun, written },
    read: async (index: number) =>
      Buffer.from(await store.readBlock(index, 0, createPieceLayout(manifest).pieceSize(index))),
    /** Asks for these pieces where they are answered so; what was told to the swarm, and what was asked. */
    fetch: async (pieces: readonly number[], send_pieces: SendPieces) => {
      const network = createMemoryNetwork();
      let asked: Request | undefined;
      const handlers = honest(manifest, bytes, {
        send_pieces: (request, context) => {
          asked = { ...request };
          return send_pieces(request, context);
        },
      });
      const served = [serve(peerContract, handlers)];
      await network.listen({ host: 'peer', port: 1 }, (channel) =>
        createConnection({ channel, clock, serve: served, trusted: true }),
      );
      const channel = await network.connect({ host: 'peer', port: 1 });
      await using connection = createConnection({ channel, clock, trusted: true });
      const events: SwarmEvent[] = [];
      const blocks = inlineBlocks();
      calls += 1;
      await fetchPieces({
        ...{
          client: connection.client(peerContract),
          groupId: 'films',
          peer: peerId('a'),
          pieces,
          begun,
          blocks,
        },
        ...{ requestId: requestId(calls), maxPieces: 2, store: noting, signal: new AbortController().signal },
        report: (event) => events.push(event),
        onStoreError: () => undefined,
      });
      return [events, asked] as const;
    },
    [Symbol.asyncDispose]: () => store.close(),
  };
}

/** What is asked for of the piece, a leaf in each block. */
function leavesOf(request: Pick<Request, 'want' | 'begun'>, index: number): PieceItem[] {
  const [opening, block] = pieceItems(file, request, index);
  return [opening, ...inLeaves(block)];
}

function flipped(item: PieceItem): PieceItem {
  if (item.kind !== 'block') return item;
  const data = Uint8Array.from(item.data);
  data[0] = (data[0] ?? 0) ^ 1;
  return { ...item, data };
}

function pieceBytes(index: number): Buffer {
  return bytes.subarray(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

function received(events: readonly SwarmEvent[] = []): number {
  return events.reduce((sum, event) => sum + (event.kind === 'bytes_received' ? event.bytes : 0), 0);
}

function verified(events: readonly SwarmEvent[] = []): number[] {
  return events.flatMap((event) => (event.kind === 'piece_verified' ? [event.index] : []));
}

function fail(error: Error): never {
  throw error;
}
