/**
 * From a file on disk to its manifest: every byte hashed once, on worker threads, in memory that does not grow with the
 * file. The file is read where it lies; a file that changes meanwhile is refused.
 */
import { availableParallelism } from 'node:os';
import { basename } from 'node:path';
import { type FileIdentity, identityOf, requireIdentity } from '../file-identity.ts';
import { requireFileName } from '../file-name.ts';
import { HASH_BYTES } from '../limits.ts';
import { layerRoot, type Manifest, verifyPieceLayer } from '../manifest.ts';
import { choosePieceLength, createPieceLayout, type PieceLayout } from '../piece-layout.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileSystem } from './file-system.ts';
import { createNodeFileSystem } from './node-file-system.ts';
import { openFile, openOrCreate, removeFile, writeFully } from './positional.ts';
import { type ScannedPieces, scanPieces } from './scan-pieces.ts';

/** How far the hashing has come. */
export interface HashProgress {
  readonly hashedBytes: number;
  readonly totalBytes: number;
}

/** How a manifest is built. */
export interface BuildManifestOptions {
  /** The name in the manifest; the last component of the path unless given. */
  readonly name?: string;
  /** Bytes of a piece; `choosePieceLength` unless given. */
  readonly pieceLength?: number;
  /** Where the leaf hashes go, 32 bytes each, for `openSource`. Replaced if there; deleted if the build fails. */
  readonly leavesPath?: string;
  /** Worker threads. One for each core unless given, none for a small file; 0 hashes on the calling thread. */
  readonly workers?: number;
  readonly signal?: AbortSignal;
  /** Called after every few MiB. */
  readonly onProgress?: (progress: HashProgress) => void;
  readonly fs?: FileSystem;
}

/** A manifest, and the state of the file that it was built from. */
export interface BuiltManifest {
  readonly manifest: Manifest;
  /** For `openSource`. */
  readonly identity: FileIdentity;
}

/**
 * Hashes the file at `path`. Fails with `not_found`, `not_a_file`, `bad_name`, `bad_layout`, with `source_changed` if the
 * file changed meanwhile, and with the signal's reason; whatever happens, nothing stays open.
 */
export async function buildManifest(
  path: string,
  options: BuildManifestOptions = {},
): Promise<BuiltManifest> {
  options.signal?.throwIfAborted();
  const name = requireFileName(options.name ?? basename(path));
  const fs = options.fs ?? createNodeFileSystem();
  const { handle, info } = await openFile(fs, path, 'shared');
  try {
    const identity = identityOf(info);
    const { size } = identity;
    const pieceLength = options.pieceLength ?? choosePieceLength(size);
    const layout = createPieceLayout({ size, pieceLength });
    const pieceLayer = await withLeaves(fs, options.leavesPath, layout, (leaves) =>
      hashFile({ path, handle, layout, leaves, options }),
    );
    const infoAfter = await attempt('look at', path, () => handle.info());
    requireIdentity(path, infoAfter, identity);
    const root = layerRoot(layout, pieceLayer);
    return { manifest: verifyPieceLayer({ name, size, pieceLength, root }, pieceLayer), identity };
  } finally {
    await handle.close();
  }
}

/** Below this the threads take longer to start than the bytes to hash. */
const SMALL_FILE_BYTES = 33_554_432;

/** More threads than this wait for memory, not for cores. */
const MAX_WORKERS = 8;

/** The threads that hashing `size` bytes is worth. */
export function chooseWorkers(size: number): number {
  return size < SMALL_FILE_BYTES ? 0 : Math.min(availableParallelism(), MAX_WORKERS);
}

interface LeafTarget {
  readonly handle: FileHandle;
  readonly path: string;
}

interface HashTask {
  readonly path: string;
  readonly handle: FileHandle;
  readonly layout: PieceLayout;
  readonly leaves: LeafTarget | undefined;
  readonly options: BuildManifestOptions;
}

async function hashFile({ path, handle, layout, leaves, options }: HashTask): Promise<Uint8Array> {
  const pieceLayer = new Uint8Array(layout.pieceCount * HASH_BYTES);
  let hashedBytes = 0;
  async function onPieces(scanned: ScannedPieces): Promise<void> {
    pieceLayer.set(scanned.pieceHashes, scanned.firstPiece * HASH_BYTES);
    if (leaves !== undefined) {
      const position = layout.firstLeaf(scanned.firstPiece) * HASH_BYTES;
      await attempt('write', leaves.path, () => writeFully(leaves.handle, scanned.leafHashes, position));
    }
    hashedBytes += scanned.size;
    options.onProgress?.({ hashedBytes, totalBytes: layout.size });
  }
  const workers = options.workers ?? chooseWorkers(layout.size);
  await scanPieces({
    handle,
    path,
    layout,
    pieces: allPieces(layout),
    workers,
    signal: options.signal,
    onPieces,
  });
  return pieceLayer;
}

function* allPieces(layout: PieceLayout): Generator<number, void, undefined> {
  for (let index = 0; index < layout.pieceCount; index += 1) yield index;
}

/** Runs the task with the file for leaf hashes open, if one is wanted; a task that fails leaves no such file. */
async function withLeaves<T>(
  fs: FileSystem,
  path: string | undefined,
  layout: PieceLayout,
  task: (leaves: LeafTarget | undefined) => Promise<T>,
): Promise<T> {
  if (path === undefined) return task(undefined);
  const { handle } = await openOrCreate(fs, path, layout.leafCount * HASH_BYTES);
  try {
    return await task({ handle, path });
  } catch (error) {
    await removeFile(fs, path);
    throw error;
  } finally {
    await handle.close();
  }
}
