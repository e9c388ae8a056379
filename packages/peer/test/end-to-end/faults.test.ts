/** One bad peer among good ones: the download completes all the same, and the bad one is dealt with. */
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createManifest } from '@minitorrent/chunk-store';
import type { Handlers } from '@minitorrent/rpc-core';
import { describe, expect, it } from 'vitest';
import type { peerContract } from '../../src/contract.ts';
import { Cluster, GROUP } from '../support/cluster.ts';
import {
  corrupting,
  denying,
  fallingSilent,
  forging,
  honest,
  repeating,
  vanishing,
} from '../support/rogues.ts';

const bytes = randomBytes(3_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });

/** Downloads the file from alice and from mallory, who answers as `handlers` say; answers who was banned. */
async function downloadBeside(handlers: Handlers<typeof peerContract>): Promise<string[]> {
  await using cluster = await Cluster.start();
  const alice = await cluster.admin('alice');
  await alice.uploadFile(GROUP, await cluster.file('a.bin', bytes));
  await cluster.rogue('mallory', handlers, [{ groupId: GROUP, root: manifest.root, holding: 'complete' }]);
  const bob = await cluster.member('bob');
  const banned: string[] = [];
  bob.on('peer-banned', ({ userId }) => banned.push(userId));
  const download = await bob.downloadFile(GROUP, 'a.bin');
  expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  return banned;
}

describe('a download beside a peer', () => {
  it('that behaves bans nobody', async () => {
    expect(await downloadBeside(honest(manifest, bytes))).toEqual([]);
  });

  it('that sends wrong bytes completes, and bans it', async () => {
    const handlers = honest(manifest, bytes, { send_pieces: corrupting(manifest, bytes) });
    expect(await downloadBeside(handlers)).toEqual(['mallory']);
  });

  it('that sends another file with fitting leaf hashes completes, and bans it', async () => {
    const handlers = honest(manifest, bytes, { send_pieces: forging(manifest) });
    expect(await downloadBeside(handlers)).toEqual(['mallory']);
  });

  it.each([
    ['vanishes in the middle of a piece', vanishing(manifest, bytes)],
    ['falls silent in the middle of a piece', fallingSilent(manifest, bytes)],
    ['has none of the pieces that it announced', denying()],
    ['sends the same block for ever', repeating(manifest, bytes)],
  ])('that %s completes', async (_title, sendPieces) => {
    await downloadBeside(honest(manifest, bytes, { send_pieces: sendPieces }));
  });

  it('that sends a wrong piece layer completes with the layer of another', async () => {
    const send_piece_layer = async ({ count }: { count: number }) => ({ hashes: randomBytes(32 * count) });
    await downloadBeside(honest(manifest, bytes, { send_piece_layer }));
  });

  it('that answers nothing at all completes', async () => {
    const silent = (): AsyncIterable<never> => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    });
    const never = (): Promise<never> => new Promise(() => undefined);
    await downloadBeside({ send_piece_info: silent, send_piece_layer: never, send_pieces: silent });
  });
});
