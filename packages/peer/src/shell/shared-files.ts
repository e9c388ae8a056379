/**
 * The files that this peer serves at this moment: complete ones and those still on their way.
 *
 * One entry for each file in each group; the same content shared in two groups is two entries, because who may have it
 * differs. It opens nothing and closes nothing.
 */
import type { ChunkStore } from '@minitorrent/chunk-store';
import { RpcError } from '@minitorrent/rpc-core';
import { toHex } from '@minitorrent/tracker/contract';
import { HaveFeed } from '../have-feed.ts';

/** What whoever shares a file adds to its store. */
export interface SharedFileHooks {
  /** A piece that should be here could not be read: the file changed, or the disk lost it. */
  readonly onLost?: (() => void) | undefined;
  /** How many copies of a piece the download that still runs knows of; a file without one knows of no other peers. */
  readonly copiesOf?: ((index: number) => number) | undefined;
}

/** A file that others can ask for. */
export interface SharedFile extends SharedFileHooks {
  readonly groupId: string;
  /** Read anew for each use: a download that is complete is served from another store than before. */
  readonly store: ChunkStore;
  /** Tells those who listen of pieces that were added. */
  readonly feed: HaveFeed;
  /** Aborts when the file is not served any more. */
  readonly signal: AbortSignal;
  uploadedBytes: number;
}

export class SharedFiles {
  readonly #files = new Map<string, SharedFile & { readonly stopping: AbortController }>();

  all(): SharedFile[] {
    return [...this.#files.values()];
  }

  /**
   * Serves the file from `store` from now on, with these hooks alone. Calls in progress go on with it, if the file was served
   * before.
   */
  put(groupId: string, store: ChunkStore, { onLost, copiesOf }: SharedFileHooks = {}): SharedFile {
    const key = keyOf(groupId, store.manifest.root);
    const served = this.#files.get(key);
    if (served !== undefined) return Object.assign(served, { store, onLost, copiesOf });
    const stopping = new AbortController();
    const feed = new HaveFeed();
    const serving = { feed, stopping, signal: stopping.signal, uploadedBytes: 0 };
    const file = { groupId, store, onLost, copiesOf, ...serving };
    this.#files.set(key, file);
    return file;
  }

  /** Stops serving it: calls in progress end with `unknown_file`. */
  remove(groupId: string, root: Uint8Array): void {
    const key = keyOf(groupId, root);
    this.#files.get(key)?.stopping.abort(unknownFile());
    this.#files.delete(key);
  }

  /** The file that a call names. Fails with `unknown_file`. */
  find(groupId: string, root: Uint8Array): SharedFile {
    const file = this.#files.get(keyOf(groupId, root));
    if (file === undefined) throw unknownFile();
    return file;
  }

  /** Bytes of the file that were sent to others since it is served; 0 when it is not. */
  uploadedBytes(groupId: string, root: Uint8Array): number {
    return this.#files.get(keyOf(groupId, root))?.uploadedBytes ?? 0;
  }

  has(groupId: string, root: Uint8Array): boolean {
    return this.#files.has(keyOf(groupId, root));
  }
}

function keyOf(groupId: string, root: Uint8Array): string {
  return `${toHex(root)} ${groupId}`;
}

function unknownFile(): RpcError {
  return new RpcError('unknown_file', 'Cannot serve this file: it is not shared here in that group');
}
