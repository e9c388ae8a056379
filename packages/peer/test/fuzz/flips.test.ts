/** Flipped bits, a few thousand; `pnpm fuzz --flips 100000` does more of the same. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { peerContract, trackerCallbacks, trackerContract } from './corpus.ts';
import type { FlipResult } from './flips/flip.ts';
import { flipFrames, flipPieces } from './flips/frames.ts';
import { fillJournal, flipEntries, flipSqlite } from './flips/journal.ts';
import { flipStore } from './flips/store.ts';
import { flipWire } from './flips/wire.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'minitorrent-flips-'));
  await fillJournal(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const PLACE = {
  ...{ userId: 'ada', password: 'correct horse battery', groupId: 'films', fileName: 'film.bin' },
  ...{ deviceId: new Uint8Array(32).fill(9), root: new Uint8Array(32).fill(1) },
};

describe('a single flipped bit', () => {
  const seed = 1;

  test('of a frame is refused, or read as something else than was sent', async () => {
    const contracts = [trackerContract, trackerCallbacks, peerContract];
    expectDetected(await flipFrames(contracts, PLACE, { seed, flips: 4_000 }), 4_000);
  });

  test('of a piece on its way is found by its hashes', async () => {
    expectDetected(await flipPieces({ seed, flips: 2_000 }), 2_000);
  });

  test('of what a download keeps on disk never passes for a piece, and loses no other', async () => {
    const result = await flipStore({ seed, flips: 1_000 });
    expectDetected(result, 1_000);
    // In the piece that is not there yet.
    expect(result.harmless).toBeLessThan(200);
  });

  test('of a journal entry or its hash keeps a tracker from starting', async () => {
    expectDetected(await flipEntries(folder, { seed, flips: 1_000 }), 1_000);
  });

  test('of the SQLite file is refused, or lies in room that holds nothing', async () => {
    expectDetected(await flipSqlite(folder, { seed, flips: 20 }), 20);
  });

  test('of a record under TLS ends the connection, and none of it is believed', async () => {
    const result = await flipWire({ seed, flips: 50 });
    expectDetected(result, 50);
    expect(result.harmless).toBe(0);
  });
});

function expectDetected(result: FlipResult, flips: number): void {
  expect([result.flips, result.missed]).toEqual([flips, []]);
}
