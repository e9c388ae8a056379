/**
 * A download on a file system that fails: what it was promised is kept here as a model, for the tests to compare with.
 */
import {
  createManifest,
  type DownloadOptions,
  type DownloadStore,
  openDownload,
  verifyWholePiece,
} from '../src/index.ts';
import { patternBytes } from './bytes.ts';
import type { FaultFileSystem } from './fault-file-system.ts';

export const PIECE_LENGTH = 65_536;
const BYTES = patternBytes(3 * PIECE_LENGTH + 20_000);
export const MANIFEST = createManifest({ name: 'file.bin', bytes: BYTES, pieceLength: PIECE_LENGTH });
export const FINAL = '/files/file.bin';

/** Every process of the tests but the running one is dead. */
export function ownerOf(id: string): NonNullable<DownloadOptions['owner']> {
  return { id, isAlive: (other) => other === id };
}

export function open(
  fs: FaultFileSystem,
  owner: string,
  options: Partial<DownloadOptions> = {},
): Promise<DownloadStore> {
  const folders = { folder: '/files', dataFolder: '/state' };
  return openDownload({
    manifest: MANIFEST,
    ...folders,
    fs,
    owner: ownerOf(owner),
    now: () => 0,
    ...options,
  });
}

export function pieceBytes(index: number): Uint8Array {
  return BYTES.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

export function piece(index: number): ReturnType<typeof verifyWholePiece> {
  return verifyWholePiece(MANIFEST, index, pieceBytes(index));
}

export function wholeFile(): Uint8Array {
  return BYTES;
}

/** What the store has promised so far. */
export interface Promises {
  /** Pieces that a settled `flush`, `complete` or `close` covers. */
  readonly durable: Set<number>;
  isComplete: boolean;
}

/** One thing done with an open store. */
export type Action =
  | { readonly kind: 'write'; readonly index: number }
  /** Flushes while a piece is being written. */
  | { readonly kind: 'write and flush'; readonly index: number }
  | { readonly kind: 'flush' | 'complete' };

/** Does it and notes what that promises. */
export async function perform(store: DownloadStore, action: Action, promises: Promises): Promise<void> {
  if (action.kind === 'write') return await store.writePiece(piece(action.index));
  const here = [...store.have.indices()];
  if (action.kind === 'flush') await store.flush();
  if (action.kind === 'write and flush') {
    const outcomes = await Promise.allSettled([
      store.flush(),
      store.writePiece(piece(action.index)),
      store.flush(),
    ]);
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  if (action.kind === 'complete') await store.complete();
  for (const index of here) promises.durable.add(index);
  promises.isComplete ||= action.kind === 'complete';
}
