/** A disk that takes long for each piece costs time, and nobody is to blame for it; on a clock that the test moves. */
import { randomBytes } from 'node:crypto';
import { type ChunkStore, createManifest, createMemoryStore } from '@minitorrent/chunk-store';
import { createConnection, createServer, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BufferPool } from '../src/buffer-pool.ts';
import { peerContract } from '../src/contract.ts';
import { PEER_MESSAGE_LIMITS } from '../src/message-limits.ts';
import { servePieces } from '../src/shell/serve-pieces.ts';
import { SharedFiles } from '../src/shell/shared-files.ts';
import { Uplink } from '../src/shell/uplink.ts';
import { createSwarm } from '../src/swarm.ts';
import { type PeerId, peerId, requestId, type SwarmEvent } from '../src/swarm-events.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { wait } from '../src/waiting.ts';
import { admitAnybody } from './support/admit-anybody.ts';
import { replaced } from './support/replaced.ts';
import { honest } from './support/rogues.ts';
import { createSeededRandom } from './support/seeded-random.ts';
import { startSwarm } from './support/swarm-scene.ts';

const PIECE_LENGTH = 64 * 1024;
const PIECES = 24;
const PIECES_AT_ONCE = SWARM_LIMITS.minOutstandingPieces;
const bytes = randomBytes(PIECES * PIECE_LENGTH);
const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: PIECE_LENGTH });
const groupId = 'films';
/** More than anything here asks for: that would go on for ever, as nothing takes time but the disk. */
const MOST_CALLS = 10 * PIECES;

afterEach(() => vi.restoreAllMocks());

describe('a download to a slow disk', () => {
  // From slow to almost dead: the last one takes longer for a piece than a peer may be silent.
  it.each([100, 2_000, 8_000, 45_000])(
    'that takes %i ms for each piece fetches each once, blames nobody, and goes on serving',
    async (pieceMs) => {
      const clock = createManualClock();
      await using memory = createMemoryStore({ manifest });
      const disk = slow(memory, clock, pieceMs);
      const buffers = countBuffers();
      await using receiver = await serveTo(disk.store, clock);
      await using scene = await startSwarm({
        ...{
          clock,
          store: disk.store,
          peers: [1, 2, 3].map(() => [serve(peerContract, honestWhileAsked())]),
        },
        onHave: (indices) => receiver.fetch(indices),
      });
      await clock.runUntilSettled(scene.completed);
      // The disk was all that took time; whoever is served waits for it only until a piece is written.
      expect(clock.now()).toBe(PIECES * pieceMs);
      expect(receiver.got).toEqual({ pieces: PIECES, longestMs: 0 });
      expect(disk.mostUnwritten).toBeLessThanOrEqual(PIECES_AT_ONCE);
      // A piece and the block that it comes in for each of these, and what is read to be served.
      expect(buffers.most).toBeLessThan(2 * PIECES_AT_ONCE * PIECE_LENGTH + PEER_MESSAGE_LIMITS.blockBytes);
      const ended = scene.events.flatMap((event) => (event.kind === 'request_ended' ? [event.outcome] : []));
      expect(new Set(ended)).toEqual(new Set(['done']));
      const received = scene.events.flatMap((each) => (each.kind === 'bytes_received' ? [each.bytes] : []));
      expect(received.reduce((sum, each) => sum + each)).toBe(bytes.length);
      expect(scene.banned).toEqual([]);
      expect(new Set(scene.reasons)).toEqual(new Set(['connecting', 'none']));
    },
  );
});

describe('a piece that is here and not written yet', () => {
  it('is asked of nobody, even if it came late', () => {
    const [a, b] = [peerId('a'), peerId('b')];
    const everything = { length: 1, has: () => true };
    const swarm = createSwarm({
      ...{ pieceCount: 1, pieceLength: PIECE_LENGTH, sizeBytes: PIECE_LENGTH },
      ...{ have: { length: 1, has: () => false }, random: createSeededRandom(1) },
    });
    const asked: PeerId[] = [];
    const tell = (event: SwarmEvent, nowMs: number): void => {
      for (const effect of swarm.handle(event, nowMs)) if (effect.kind === 'request') asked.push(effect.peer);
    };
    const join = (peer: PeerId, nowMs: number): void => {
      tell({ kind: 'peers_found', peers: [peer] }, nowMs);
      tell({ kind: 'peer_connected', peer }, nowMs);
      tell({ kind: 'have_all', peer, have: everything }, nowMs);
    };
    join(a, 0);
    const request = { peer: a, requestId: requestId(1), index: 0 };
    tell({ kind: 'piece_started', ...request }, 10);
    // Nothing for so long that another would be asked, if there was one.
    tell({ kind: 'tick' }, 20_000);
    expect(swarm.view().outstandingPieces).toBe(0);
    tell({ kind: 'bytes_received', ...request, bytes: PIECE_LENGTH }, 20_010);
    join(b, 20_020);
    for (let nowMs = 21_000; nowMs < 100_000; nowMs += 1_000) tell({ kind: 'tick' }, nowMs);
    expect(asked).toEqual([a]);
    tell({ kind: 'piece_verified', ...request }, 100_000);
    expect(swarm.view().phase).toBe('completed');
  });
});

/** The store, which writes one piece after another and takes so long for each; and how many waited for that at most. */
function slow(memory: ChunkStore, clock: ManualClock, pieceMs: number) {
  const { signal } = new AbortController();
  let unwritten = 0;
  let mostUnwritten = 0;
  let last: Promise<void> = Promise.resolve();
  const writePiece: ChunkStore['writePiece'] = async (piece) => {
    unwritten += 1;
    mostUnwritten = Math.max(mostUnwritten, unwritten);
    last = last.then(() => wait(clock, pieceMs, signal));
    await last;
    await memory.writePiece(piece);
    unwritten -= 1;
  };
  return {
    store: replaced(memory, 'writePiece', writePiece),
    get mostUnwritten() {
      return mostUnwritten;
    },
  };
}

/** How many bytes of buffers are in use at most. */
function countBuffers() {
  const count = { bytes: 0, most: 0 };
  const { take, give } = BufferPool.prototype;
  vi.spyOn(BufferPool.prototype, 'take').mockImplementation(function (this: BufferPool) {
    const buffer = take.call(this);
    count.bytes += buffer.length;
    count.most = Math.max(count.most, count.bytes);
    return buffer;
  });
  vi.spyOn(BufferPool.prototype, 'give').mockImplementation(function (this: BufferPool, buffer) {
    count.bytes -= buffer.length;
    give.call(this, buffer);
  });
  return count;
}

/** A peer that has the file, until it has been asked far too often. */
function honestWhileAsked() {
  const handlers = honest(manifest, bytes);
  let calls = 0;
  return honest(manifest, bytes, {
    async *send_pieces(request, context) {
      calls += 1;
      if (calls > MOST_CALLS) await new Promise(() => undefined);
      yield* handlers.send_pieces(request, context);
    },
  });
}

/** Serves the store, and somebody who fetches what is announced; what came to them, and how long that took at most. */
async function serveTo(store: ChunkStore, clock: ManualClock) {
  const [network, files] = [createMemoryNetwork(), new SharedFiles()];
  files.put(groupId, store);
  const uplink = new Uplink({ clock, random: createSeededRandom(1) });
  const served = [servePieces({ files, uplink, admission: admitAnybody })];
  const address = { host: 'downloader', port: 1 };
  const server = await createServer({ network, clock, address, serve: served, trusted: true });
  const connection = createConnection({ channel: await network.connect(address), clock, trusted: true });
  const got = { pieces: 0, longestMs: 0 };
  const fetch = async (indices: readonly number[]): Promise<void> => {
    const startedAtMs = clock.now();
    const request = { groupId, root: manifest.root, want: indices, maxPieces: indices.length, begun: [] };
    for await (const item of connection.client(peerContract).send_pieces(request))
      if (item.kind === 'piece') got.pieces += 1;
    got.longestMs = Math.max(got.longestMs, clock.now() - startedAtMs);
  };
  return {
    got,
    fetch: (indices: readonly number[]) => void fetch(indices),
    async [Symbol.asyncDispose]() {
      connection.abort();
      await server.close({ signal: AbortSignal.abort() });
      uplink.close();
    },
  };
}
