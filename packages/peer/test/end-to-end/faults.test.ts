/** One bad peer among good ones: the download completes all the same, and the bad one is dealt with. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { createManifest, type Manifest } from '@minitorrent/chunk-store';
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
  trickling,
  unproven,
  vanishing,
} from '../support/rogues.ts';

const bytes = randomBytes(3_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
/** A piece of it is 16 leaves, so that sending one can take long without a long pause. */
const wideBytes = randomBytes(1_500_000);
const wide = createManifest({ name: 'a.bin', bytes: wideBytes, pieceLength: 256 * 1024 });

type PeerHandlers = Handlers<typeof peerContract>;

interface Plot {
  /** When an honest peer comes; once mallory is asked for pieces, unless given. */
  readonly helpComes?: Promise<void>;
  readonly file?: { readonly manifest: Manifest; readonly bytes: Buffer };
}

/** Downloads the file, which at first only mallory has, who answers as `handlers` say. Answers who was banned. */
async function downloadBeside(
  handlers: PeerHandlers,
  { helpComes, file = { manifest, bytes } }: Plot = {},
): Promise<string[]> {
  const asked = Promise.withResolvers<void>();
  await using cluster = await Cluster.start();
  await cluster.admin('alice');
  await cluster.listed(file.manifest);
  await cluster.impostor('mallory', file.manifest, tellingWhenAsked(handlers, asked.resolve));
  const bob = await cluster.member('bob');
  const banned: string[] = [];
  bob.on('peer-banned', ({ userId }) => banned.push(userId));
  const download = await bob.downloadFile(GROUP, 'a.bin');
  await (helpComes ?? asked.promise);
  await cluster.impostor('honest', file.manifest, honest(file.manifest, file.bytes));
  expect(file.bytes.equals(await readFile(await download.completed))).toBe(true);
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
  ])('that %s completes', async (_title, sendPieces) => {
    await downloadBeside(honest(manifest, bytes, { send_pieces: sendPieces }));
  });

  it('that sends the same block for ever ends its call, and completes', async () => {
    const { promise: helpComes, resolve } = Promise.withResolvers<void>();
    const handlers = honest(manifest, bytes, { send_pieces: repeating(manifest, bytes, resolve) });
    await downloadBeside(handlers, { helpComes });
  });

  it.each([
    ['is busy', denying('busy')],
    ['has an error', denying('internal')],
    ['vanishes in the middle of a piece', vanishing(manifest, bytes)],
  ])(
    'that %s once asks it again, there being no other',
    async (_title, failing) => {
      await using cluster = await Cluster.start();
      await cluster.admin('alice');
      await cluster.listed(manifest);
      let calls = 0;
      const good = honest(manifest, bytes);
      const send_pieces: PeerHandlers['send_pieces'] = (request, context) => {
        calls += 1;
        return calls === 1 ? failing(request, context) : good.send_pieces(request, context);
      };
      await cluster.impostor('mallory', manifest, { ...good, send_pieces });
      const bob = await cluster.member('bob');
      const download = await bob.downloadFile(GROUP, 'a.bin');
      expect(bytes.equals(await readFile(await download.completed))).toBe(true);
    },
    // Less than a request may be silent, after which it would be forgotten anyway.
    25_000,
  );

  it.each([
    ['within what counts as alive', 600],
    ['so seldom that it counts as silent', 5_000],
  ])('that sends a leaf at a time, %s, does not wait for its piece', async (_title, pauseMs) => {
    let pieces = 0;
    const sent = (): void => {
      pieces += 1;
    };
    const slow = { send_pieces: trickling(wide, wideBytes, { pauseMs, sent }) };
    await downloadBeside(honest(wide, wideBytes, slow), { file: { manifest: wide, bytes: wideBytes } });
    expect(pieces).toBe(0);
  });

  it.each([
    ['speaks another protocol', (socket: Socket) => void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['hangs up at once', (socket: Socket) => void socket.destroy()],
    ['says nothing at all', () => undefined],
  ])('that %s completes', async (_title, answer) => {
    await using cluster = await Cluster.start();
    await cluster.admin('alice');
    await cluster.listed(manifest);
    await using mallory = await listen(answer);
    await cluster.holder('mallory', manifest, mallory.port);
    const bob = await cluster.member('bob');
    const download = await bob.downloadFile(GROUP, 'a.bin');
    await mallory.asked;
    await cluster.impostor('honest', manifest, honest(manifest, bytes));
    expect(bytes.equals(await readFile(await download.completed))).toBe(true);
  });

  it('that sends a wrong piece layer completes with the layer of another', async () => {
    const asked = Promise.withResolvers<void>();
    const wrongLayer = async ({ count }: { count: number }) => {
      asked.resolve();
      return { hashes: randomBytes(32 * count) };
    };
    await downloadBeside(honest(manifest, bytes, { send_piece_layer: wrongLayer }), {
      helpComes: asked.promise,
    });
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
    await downloadBeside(
      {
        present_membership: unproven,
        send_piece_info: silent,
        send_piece_layer: layer,
        send_pieces: silent,
      },
      {
        helpComes: asked.promise,
      },
    );
  });
});

/** Listens for peers and answers each connection as `answer` says. */
async function listen(
  answer: (socket: Socket) => void,
): Promise<AsyncDisposable & { port: number; asked: Promise<void> }> {
  const { promise: asked, resolve } = Promise.withResolvers<void>();
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    // A peer that gives up resets the connection.
    socket.on('error', () => undefined);
    answer(socket);
    resolve();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new TypeError('The server has no port');
  const close = async (): Promise<void> => {
    server.close();
    for (const socket of sockets) socket.destroy();
  };
  return { port: bound.port, asked, [Symbol.asyncDispose]: close };
}
