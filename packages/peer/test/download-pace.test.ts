/** What is received keeps to its limit, with the real way of a piece and on a clock that the test moves. */
import { randomBytes } from 'node:crypto';
import { type ChunkStore, createManifest, createMemoryStore, LEAF_BYTES } from '@minitorrent/chunk-store';
import { type Connection, createConnection, serve } from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import { describe, expect, it } from 'vitest';
import { BegunPieces } from '../src/begun-pieces.ts';
import { peerContract } from '../src/contract.ts';
import { PEER_MESSAGE_LIMITS } from '../src/message-limits.ts';
import { fetchPieces } from '../src/shell/fetch-pieces.ts';
import { Pace } from '../src/shell/pace.ts';
import { peerId, requestId } from '../src/swarm-events.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { honest } from './support/rogues.ts';

const KIB = 1024;
/** A block is a whole piece: nobody sends longer ones, whatever the limit of who receives. */
const BLOCK_BYTES = PEER_MESSAGE_LIMITS.blockBytes;
const CALLS = 3;
const bytes = randomBytes(CALLS * BLOCK_BYTES);
const manifest = createManifest({ name: 'a.bin', bytes, pieceLength: BLOCK_BYTES });

describe('a download of several calls at once', () => {
  it.each([
    // Until a block is less than 3 % of what comes.
    { kib: 16, seconds: 3_600 },
    { kib: 200, seconds: 240 },
    { kib: 8_000, seconds: 10 },
  ])('keeps to $kib KiB a second within 3 % over $seconds seconds, and never bursts', async (limit) => {
    const rate = limit.kib * KIB;
    const burst = Math.max(LEAF_BYTES, rate / 2) + rate / 10;
    let received = 0;
    let ahead = 0;
    const brought = await receive(rate, limit.seconds, (came, atMs) => {
      received += came;
      ahead = Math.max(ahead, received - (rate * atMs) / 1_000);
    });
    expect(Math.abs(received / (rate * limit.seconds) - 1)).toBeLessThan(0.03);
    expect(ahead).toBeLessThanOrEqual(burst + 1);
    expect(Math.max(...brought) - Math.min(...brought)).toBeLessThanOrEqual(BLOCK_BYTES);
  });
});

/** Takes the same pieces again and again, on one call for each of several peers; answers what each of them has brought. */
async function receive(
  bytesPerSecond: number,
  seconds: number,
  onBytes: (bytes: number, atMs: number) => void,
): Promise<number[]> {
  const clock = createManualClock();
  const pace = new Pace(clock);
  pace.bytesPerSecond = bytesPerSecond;
  await using memory = createMemoryStore({ manifest });
  // It takes pieces and keeps none, so that they can come again.
  const store: ChunkStore = Object.create(memory, { writePiece: { value: async () => undefined } });
  const begun = new BegunPieces({
    ...{ manifest, have: store.have, most: CALLS },
    release: () => {},
  });
  const over = new AbortController();
  const brought = Array.from({ length: CALLS }, () => 0);
  // Without a limit time would stand still, and this would go on for ever.
  const most = 2 * bytesPerSecond * seconds + CALLS * BLOCK_BYTES;
  const mayGoOn = (): boolean => !over.signal.aborted && brought.reduce((sum, each) => sum + each) < most;
  const connections = await connect(clock);
  const calls = connections.map(async (connection, call) => {
    const blocks = inlineBlocks();
    for (let round = 0; mayGoOn(); round += 1) {
      await fetchPieces({
        ...{ client: connection.client(peerContract), groupId: 'films', peer: peerId(`peer ${call}`) },
        ...{ requestId: requestId(CALLS * round + call), pieces: [call], maxPieces: 1 },
        ...{ store, begun, blocks, pace, signal: over.signal },
        report: (event) => {
          if (event.kind !== 'bytes_received') return;
          brought[call] = (brought[call] ?? 0) + event.bytes;
          onBytes(event.bytes, clock.now());
        },
        onStoreError: (error) => expect.fail(String(error)),
      });
    }
  });
  await clock.advanceAsync(seconds * 1_000);
  over.abort();
  for (const connection of connections) connection.abort();
  await Promise.all(calls);
  return brought;
}

/** A connection to each of the peers that have the file. */
async function connect(clock: ReturnType<typeof createManualClock>): Promise<Connection[]> {
  const network = createMemoryNetwork();
  const address = { host: 'peer', port: 1 };
  const served = [serve(peerContract, honest(manifest, bytes))];
  await network.listen(address, (channel) =>
    createConnection({ channel, clock, serve: served, trusted: true }),
  );
  const connecting = Array.from({ length: CALLS }, async () => {
    const channel = await network.connect(address);
    return createConnection({ channel, clock, trusted: true });
  });
  return Promise.all(connecting);
}
