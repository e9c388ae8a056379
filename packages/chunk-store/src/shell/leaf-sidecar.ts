/**
 * The leaf hashes of a file, kept beside it: 32 bytes for leaf n at n*32, holes for what is not known. Nothing in it is
 * trusted: whoever reads it checks against the piece layer, so a damaged one costs time and no more.
 */
import createDebug from 'debug';
import { HASH_BYTES } from '../limits.ts';
import type { PieceLayout } from '../piece-layout.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileSystem } from './file-system.ts';
import { openOrCreate, readFully, writeFully } from './positional.ts';

/** An open file of leaf hashes. */
export interface LeafSidecar {
  /** Whether it had to be made or resized, and so tells nothing by what it lacks. */
  readonly isNew: boolean;
  /** What stands there for the leaves of a piece: perhaps zeros, perhaps nonsense. */
  read(index: number): Promise<Uint8Array>;
  write(index: number, leafHashes: Uint8Array): Promise<void>;
  /** Writes what can be computed again: a failure is only logged. */
  keep(index: number, leafHashes: Uint8Array): Promise<void>;
  syncData(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the leaf hashes of a file, or makes room for them. */
export async function openLeafSidecar(
  fs: FileSystem,
  path: string,
  layout: PieceLayout,
): Promise<LeafSidecar> {
  const size = layout.leafCount * HASH_BYTES;
  const { handle, info } = await openOrCreate(fs, path, size);
  return new OpenSidecar(handle, path, layout, info.size !== size);
}

const log = createDebug('minitorrent:chunk-store:leaves');

class OpenSidecar implements LeafSidecar {
  readonly isNew: boolean;
  readonly #handle: FileHandle;
  readonly #path: string;
  readonly #layout: PieceLayout;

  constructor(handle: FileHandle, path: string, layout: PieceLayout, isNew: boolean) {
    this.#handle = handle;
    this.#path = path;
    this.#layout = layout;
    this.isNew = isNew;
  }

  async read(index: number): Promise<Uint8Array> {
    const leafHashes = new Uint8Array(this.#layout.leavesIn(index) * HASH_BYTES);
    await attempt('read', this.#path, () => readFully(this.#handle, leafHashes, this.#position(index)));
    return leafHashes;
  }

  write(index: number, leafHashes: Uint8Array): Promise<void> {
    return attempt('write', this.#path, () => writeFully(this.#handle, leafHashes, this.#position(index)));
  }

  async keep(index: number, leafHashes: Uint8Array): Promise<void> {
    try {
      await this.write(index, leafHashes);
    } catch (error) {
      log('piece %d: %o', index, error);
    }
  }

  syncData(): Promise<void> {
    return attempt('sync', this.#path, () => this.#handle.syncData());
  }

  close(): Promise<void> {
    return this.#handle.close();
  }

  #position(index: number): number {
    return this.#layout.firstLeaf(index) * HASH_BYTES;
  }
}
