/**
 * What the cores of a swarm keep for the largest file that there may be: counts of bytes, so that they hold on any machine.
 *
 * The bound is what was measured and some more. A failure says that every piece or every peer became dearer; where that is
 * meant, measure again and say why.
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MAX_PIECE_COUNT, MAX_PIECE_LENGTH } from '@minitorrent/chunk-store';
import { expect, it } from 'vitest';
import { createSwarm } from '../src/swarm.ts';
import { type PeerId, peerId, type SwarmEffect, type SwarmEvent } from '../src/swarm-events.ts';
import { SWARM_LIMITS } from '../src/swarm-limits.ts';
import { uploadId } from '../src/upload-events.ts';
import { createUploadQueue } from '../src/upload-queue.ts';
import { createSeededRandom } from './support/seeded-random.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

const MIB = 1024 * 1024;
const PEERS = Array.from({ length: SWARM_LIMITS.fullMeshPeers }, (_, place) => peerId(`peer ${place}`));
const SIZES = { pieceCount: MAX_PIECE_COUNT, pieceLength: MAX_PIECE_LENGTH };
const EVERYTHING = { length: MAX_PIECE_COUNT, has: () => true };
/** Enough of them for each piece to have been asked for by some request. */
const PIECES_TAKEN = 4_000;
/** Measured: 2.8 MiB once all have come; 14 MiB while pieces are asked for, from some thousands on to the last; 1 MiB. */
const MOST = { joined: 4 * MIB, downloading: 18 * MIB, uploading: 1.5 * MIB };

it('a swarm of thirty for a file of one tebibyte takes a few mebibytes', () => {
  const before = usedBytes();
  const swarm = createSwarm({
    ...{ ...SIZES, sizeBytes: SIZES.pieceCount * SIZES.pieceLength },
    ...{ have: { length: MAX_PIECE_COUNT, has: () => false }, random: createSeededRandom(1) },
  });
  const requests: Extract<SwarmEffect, { kind: 'request' }>[] = [];
  let nowMs = 0;
  const tell = (event: SwarmEvent): void => {
    for (const effect of swarm.handle(event, nowMs)) if (effect.kind === 'request') requests.push(effect);
  };
  for (const peer of PEERS) {
    tell({ kind: 'peers_found', peers: [peer] });
    tell({ kind: 'peer_connected', peer });
    tell({ kind: 'have_all', peer, have: EVERYTHING });
  }
  expect(usedBytes() - before).toBeLessThan(MOST.joined);
  for (let taken = 0; taken < PIECES_TAKEN; taken += 1) {
    const request = requests.shift();
    if (request === undefined) throw new Error('Nothing is asked for');
    const of = { peer: request.peer, requestId: request.requestId };
    const index = request.pieces[0] ?? 0;
    nowMs += 1;
    tell({ kind: 'piece_started', ...of, index });
    tell({ kind: 'bytes_received', ...of, bytes: SIZES.pieceLength });
    tell({ kind: 'piece_verified', ...of, index });
    tell({ kind: 'request_ended', ...of, outcome: 'done' });
  }
  expect(swarm.view()).toMatchObject({ connectedPeers: PEERS.length, duplicatePieces: 0 });
  expect(swarm.view().missingPieces).toBe(MAX_PIECE_COUNT - PIECES_TAKEN);
  expect(usedBytes() - before).toBeLessThan(MOST.downloading);
});

it('an uplink that sends a file of one tebibyte to thirty takes a number for each piece', () => {
  const queue = createUploadQueue({ random: createSeededRandom(1) });
  const before = usedBytes();
  for (let turn = 0; turn < 1_000; turn += 1) send(queue, turn, PEERS[turn % PEERS.length]);
  expect(usedBytes() - before).toBeLessThan(MOST.uploading);
});

/** One receiver asks for pieces all over the file, and gets one. */
function send(
  queue: ReturnType<typeof createUploadQueue>,
  turn: number,
  receiver: PeerId = peerId('a'),
): void {
  const id = uploadId(turn);
  const want = Array.from({ length: 64 }, (_, place) => (turn * 64 + place * 4_096) % MAX_PIECE_COUNT);
  const request = { uploadId: id, receiver, root: 'ab', want, maxPieces: 1, have: EVERYTHING };
  const effects = queue.handle({ kind: 'requested', ...request }, turn);
  expect(effects).toContainEqual(expect.objectContaining({ kind: 'send_piece', uploadId: id }));
  queue.handle({ kind: 'piece_sent', uploadId: id }, turn);
}

function usedBytes(): number {
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
