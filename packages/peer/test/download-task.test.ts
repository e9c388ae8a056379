import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createManifest,
  type DownloadStore,
  type PreparedDownload,
  prepareDownload,
  StoreError,
} from '@minitorrent/chunk-store';
import {
  createServer,
  createSystemClock,
  createSystemRandom,
  type Served,
  serve,
} from '@minitorrent/rpc-core';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { peerContract } from '../src/contract.ts';
import { DownloadTask, type DownloadTaskOptions } from '../src/shell/download-task.ts';
import { Pace } from '../src/shell/pace.ts';
import { PeerPool } from '../src/shell/peer-pool.ts';
import { admitAnybody } from './support/admit-anybody.ts';
import { inlineBlocks } from './support/inline-blocks.ts';
import { replaced } from './support/replaced.ts';
import { honest } from './support/rogues.ts';

const bytes = randomBytes(1_000_000);
const manifest = createManifest({ name: 'a.bin', bytes });
const clock = createSystemClock();
const random = createSystemRandom();
const address = { host: 'seeder', port: 1 };

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'download-task-'));
});
afterEach(() => rm(folder, { recursive: true }));

/** A seeder, and a task that knows of it; whatever the test did not expect fails it. */
async function setUp(
  changes: Partial<DownloadTaskOptions>,
  served: readonly Served[] = [serve(peerContract, honest(manifest, bytes))],
) {
  const network = createMemoryNetwork();
  const connect = vi.spyOn(network, 'connect');
  const server = await createServer({ network, clock, address, serve: served, trusted: true });
  const pool = new PeerPool({
    network,
    clock,
    admission: admitAnybody,
    serve: [],
    blocks: inlineBlocks(),
    connectTimeoutMs: 5_000,
  });
  const ended = vi.fn();
  const { name, size, pieceLength, root } = manifest;
  const seeder = { userId: 'seeder', deviceId: random.bytes(32), ...address, holding: 'complete' } as const;
  const task = new DownloadTask({
    ...{
      groupId: 'films',
      name: 'a.bin',
      folder,
      leavesDir: folder,
      strategy: 'rarest-first',
      overwrite: false,
    },
    ...{ deviceId: random.bytes(32), pool, clock, random, downPace: new Pace(clock) },
    prepareStore: prepareDownload,
    requestFile: async () => {
      task.describe({ file: { name, size, pieceLength, root }, sharedBy: 'seeder', peers: [seeder] });
    },
    check: () => undefined,
    onLearned: () => undefined,
    onOpened: () => () => undefined,
    onNeedPeers: () => undefined,
    onBanned: (userId) => expect.fail(`${userId} was banned`),
    onCompleted: (store) => store.close(),
    onEnded: ended,
    ...changes,
  });
  const close = async (): Promise<void> => {
    await task.close();
    pool.close();
    await server.close({ signal: AbortSignal.abort() });
  };
  return { task, ended, connect, close };
}

type Method = 'writePiece' | 'complete' | 'close' | 'discard';

/** Opens the real store, but with this instead of one of its methods. */
function storeThat<M extends Method>(
  method: M,
  instead: (store: DownloadStore, ...args: Parameters<DownloadStore[M]>) => Promise<void>,
) {
  return async (options: Parameters<typeof prepareDownload>[0]): Promise<PreparedDownload> => {
    const prepared = await prepareDownload(options);
    const open: PreparedDownload['open'] = async (...opening) => {
      const store = await prepared.open(...opening);
      return replaced(store, method, (...args: Parameters<DownloadStore[M]>) => instead(store, ...args));
    };
    return replaced(prepared, 'open', open);
  };
}

describe('DownloadTask', () => {
  it('asks first, and in order, for the pieces of the bytes that are to come first', async () => {
    const { pieceLength } = manifest;
    const asked: (readonly number[])[] = [];
    const handlers = honest(manifest, bytes);
    const recording = serve(peerContract, {
      ...handlers,
      send_pieces: (request, context) => {
        asked.push(request.want);
        return handlers.send_pieces(request, context);
      },
    });
    // The last byte of piece 5 to the first one of piece 7.
    const first = { first: 6 * pieceLength - 1, last: 7 * pieceLength };
    const { task, close } = await setUp({ first }, [recording]);
    task.start();
    await task.completed;
    expect(asked.flat().slice(0, 3)).toEqual([5, 6, 7]);
    await close();
  });

  it('waits while the disk is full, says so, keeps what is verified, and goes on when there is room', async () => {
    let isFull = false;
    let written = 0;
    const prepareStore = storeThat('writePiece', async (store, piece) => {
      if (isFull) throw new StoreError('disk_full', 'Cannot write: no space left');
      await store.writePiece(piece);
      written += 1;
      if (written === 5) isFull = true;
    });
    const { task, ended, close } = await setUp({ prepareStore, diskRetryMs: 20 });
    task.start();
    await vi.waitFor(() => expect(task.progress().waitingFor).toBe('disk_full'), 20_000);
    await vi.waitFor(() => expect(task.progress().verifiedPieces).toBe(written), 20_000);
    expect(written).toBeLessThan(task.progress().totalPieces);
    isFull = false;
    expect(bytes.equals(await readFile(await task.completed))).toBe(true);
    expect(ended).not.toHaveBeenCalled();
    await close();
  });

  it('ends with what went wrong where its store cannot even be closed', async () => {
    const gone = new StoreError('io_failed', 'Cannot write: the disk is gone');
    const prepareStore = storeThat('close', async (store) => {
      await store.close();
      throw new StoreError('io_failed', 'Cannot sync: the disk is gone');
    });
    const { task, ended, close } = await setUp({
      prepareStore,
      onOpened: () => {
        throw gone;
      },
    });
    task.start();
    await expect(task.completed).rejects.toBe(gone);
    expect(ended).toHaveBeenCalledExactlyOnceWith(gone);
    expect(task.progress().state).toBe('failed');
    await close();
  });

  it('fetches the pieces over the connection that brought the piece layer', async () => {
    const { task, connect, close } = await setUp({});
    task.start();
    expect(bytes.equals(await readFile(await task.completed))).toBe(true);
    expect(connect).toHaveBeenCalledTimes(1);
    await close();
  });

  it('keeps no connection when the store cannot be opened', async () => {
    const error = new StoreError('io_failed', 'Cannot open: the disk is gone');
    const closed = Promise.withResolvers<void>();
    const handlers = honest(manifest, bytes);
    const prepareStore = async (options: Parameters<typeof prepareDownload>[0]): Promise<PreparedDownload> =>
      replaced(await prepareDownload(options), 'open', () => Promise.reject(error));
    const { task, close } = await setUp({ prepareStore }, [
      serve(peerContract, {
        ...handlers,
        send_piece_layer: (request, context) => {
          void context.connection.closed.then(() => closed.resolve());
          return handlers.send_piece_layer(request, context);
        },
      }),
    ]);
    task.start();
    await expect(task.completed).rejects.toBe(error);
    expect(await readdir(folder)).toEqual([]);
    await closed.promise;
    await close();
  });

  it('tries again to complete the file when the disk was full at the end', async () => {
    let attempts = 0;
    const prepareStore = storeThat('complete', async (store) => {
      attempts += 1;
      if (attempts < 3) throw new StoreError('disk_full', 'Cannot sync: no space left');
      await store.complete();
    });
    const { task, close } = await setUp({ prepareStore, diskRetryMs: 20 });
    task.start();
    expect(bytes.equals(await readFile(await task.completed))).toBe(true);
    expect(attempts).toBe(3);
    await close();
  });

  it('ends with the error of a disk that fails otherwise', async () => {
    const error = new StoreError('io_failed', 'Cannot write: the disk is gone');
    const { task, ended, close } = await setUp({
      prepareStore: storeThat('writePiece', () => Promise.reject(error)),
    });
    task.start();
    await expect(task.completed).rejects.toBe(error);
    expect(ended).toHaveBeenCalledExactlyOnceWith(error);
    expect(task.progress().state).toBe('failed');
    await close();
  });

  it('leaves nothing on the disk when it is cancelled in the middle, and all of it when it is closed', async () => {
    const prepareStore = storeThat('writePiece', async (store, piece) => {
      await new Promise((resolve) => setTimeout(resolve, 50));
      await store.writePiece(piece);
    });
    const closed = await setUp({ prepareStore });
    closed.task.start();
    await vi.waitFor(() => expect(closed.task.progress().verifiedPieces).toBeGreaterThan(2), 20_000);
    await closed.close();
    expect((await readdir(folder)).filter((name) => name.endsWith('.part'))).toHaveLength(1);

    const cancelled = await setUp({ prepareStore });
    cancelled.task.start();
    await vi.waitFor(() => expect(cancelled.task.progress().resumedPieces).toBeGreaterThan(2), 20_000);
    await cancelled.task.cancel();
    expect(await readdir(folder)).toEqual([]);
    await cancelled.close();
  });

  it('refuses a name that is taken before any peer has answered', async () => {
    await writeFile(join(folder, 'a.bin'), 'something else');
    const handlers = honest(manifest, bytes);
    const send_piece_layer = (): Promise<never> => new Promise(() => undefined);
    const silent = serve(peerContract, { ...handlers, send_piece_layer });
    const { task, ended, close } = await setUp({}, [silent]);
    task.start();
    await expect(task.completed).rejects.toMatchObject({ code: 'already_exists' });
    expect(ended).toHaveBeenCalledOnce();
    expect(await readdir(folder)).toEqual(['a.bin']);
    await close();
  });

  it.each(['cancelled', 'closed'] as const)(
    'keeps nothing open when it is %s before it knows the pieces',
    async (how) => {
      const { name, size, pieceLength, root } = manifest;
      const file = { name, size, pieceLength, root };
      const prepared = await prepareDownload({ file, folder });
      await (await prepared.open(manifest)).close();
      const before = await readdir(folder);
      const { task, close } = await setUp({ requestFile: async () => undefined });
      task.start();
      task.describe({ file, sharedBy: 'seeder', peers: [] });
      await vi.waitFor(() => expect(task.progress().waitingFor).toBe('no_peers'), 20_000);
      if (how === 'cancelled') await task.cancel();
      await close();
      expect(await readdir(folder)).toEqual(how === 'cancelled' ? [] : before);
    },
  );

  describe('that is cancelled and cannot remove what was fetched', () => {
    const failure = new StoreError('io_failed', 'Cannot delete a.bin.part: EACCES');
    const fails = async (fetched: AsyncDisposable): Promise<never> => {
      await fetched[Symbol.asyncDispose]();
      throw failure;
    };

    it('says so, and fetches nothing more', async () => {
      const handlers = honest(manifest, bytes);
      const idle = serve(peerContract, {
        ...handlers,
        // biome-ignore lint/correctness/useYield: it never gets so far.
        async *send_pieces(_, { signal }) {
          await once(signal, 'abort');
        },
      });
      const { task, ended, close } = await setUp({ prepareStore: storeThat('discard', fails) }, [idle]);
      task.start();
      await vi.waitFor(() => expect(task.progress().state).toBe('downloading'), 20_000);
      await expect(task.cancel()).rejects.toBe(failure);
      expect(ended).toHaveBeenCalledOnce();
      await close();
    });

    const failingToDiscard = (prepared: PreparedDownload): PreparedDownload =>
      replaced(prepared, 'discard', () => fails(prepared));

    it('says so before it knows the pieces as well', async () => {
      const { name, size, pieceLength, root } = manifest;
      const prepareStore: DownloadTaskOptions['prepareStore'] = async (options) =>
        failingToDiscard(await prepareDownload(options));
      const { task, close } = await setUp({ prepareStore, requestFile: async () => undefined });
      task.start();
      task.describe({ file: { name, size, pieceLength, root }, sharedBy: 'seeder', peers: [] });
      await vi.waitFor(() => expect(task.progress().waitingFor).toBe('no_peers'), 20_000);
      await expect(task.cancel()).rejects.toBe(failure);
      await expect(task.completed).rejects.toMatchObject({ code: 'cancelled' });
      await close();
    });
  });

  it('fails with no_description when the tracker never calls make_file', async () => {
    const { task, ended, close } = await setUp({ requestFile: async () => undefined, makeFileMs: 20 });
    task.start();
    await expect(task.described).rejects.toMatchObject({ code: 'no_description' });
    expect(ended).toHaveBeenCalledOnce();
    await close();
  });

  it('asks for more peers while it knows none but itself', async () => {
    const requestFile = vi.fn(async () => undefined);
    const { task, close } = await setUp({ requestFile });
    const { name, size, pieceLength, root } = manifest;
    task.start();
    task.describe({ file: { name, size, pieceLength, root }, sharedBy: 'seeder', peers: [] });
    await vi.waitFor(() => expect(requestFile.mock.calls.length).toBeGreaterThan(1), { timeout: 20_000 });
    expect(task.progress()).toMatchObject({ state: 'starting', waitingFor: 'no_peers' });
    await close();
    await expect(task.completed).rejects.toMatchObject({ code: 'closed' });
  });
});
