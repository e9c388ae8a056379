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

type PeerHandlers = Handlers<typeof peerContract>;

/**
 * Downloads the file, which at first only mallory has, who answers as `handlers` say; an honest peer comes when mallory
 * was asked for pieces. Answers who was banned.
 */
async function downloadBeside(
  handlers: PeerHandlers,
  asked = Promise.withResolvers<void>(),
): Promise<string[]> {
  await using cluster = await Cluster.start();
  await cluster.admin('alice');
  await cluster.listed(manifest);
  await cluster.impostor('mallory', manifest, tellingWhenAsked(handlers, asked.resolve));
  const bob = await cluster.member('bob');
  const banned: string[] = [];
  bob.on('peer-banned', ({ userId }) => banned.push(userId));
  const download = await bob.downloadFile(GROUP, 'a.bin');
  await asked.promise;
  await cluster.impostor('honest', manifest, honest(manifest, bytes));
  expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  return banned;
}

/** Calls `tell` when pieces are asked for. */
function tellingWhenAsked(handlers: PeerHandlers, tell: () => void): PeerHandlers {
  return {
    ...handlers,
    send_pieces(request, context) {
      tell();
      return handlers.send_pieces(request, context);
    },
  };
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
    const asked = Promise.withResolvers<void>();
    const wrongLayer = async ({ count }: { count: number }) => {
      asked.resolve();
      return { hashes: randomBytes(32 * count) };
    };
    await downloadBeside(honest(manifest, bytes, { send_piece_layer: wrongLayer }), asked);
  });

  it('that answers nothing at all completes', async () => {
    const asked = Promise.withResolvers<void>();
    const silent = (): AsyncIterable<never> => ({
      [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
    });
    const layer = (): Promise<never> => {
      asked.resolve();
      return new Promise(() => undefined);
    };
    await downloadBeside({ send_piece_info: silent, send_piece_layer: layer, send_pieces: silent }, asked);
  });
});
