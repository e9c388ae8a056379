/**
 * A file that is shared from where it lies: never copied, never written, and no longer served once it is not the file
 * that was hashed.
 */
import { Bitfield } from '../bitfield.ts';
import { StoreError } from '../errors.ts';
import { type FileIdentity, identityOf, requireIdentity } from '../file-identity.ts';
import type { Manifest } from '../manifest.ts';
import { OpenGate } from '../open-gate.ts';
import type { VerifiedPiece } from '../piece-assembler.ts';
import { createPieceLayout, type PieceLayout } from '../piece-layout.ts';
import type { ChunkStore, ReadBlockOptions, StoreCallOptions } from '../store.ts';
import { checkPiece } from '../store-checks.ts';
import type { FileSystem } from './file-system.ts';
import { openLeafSidecar } from './leaf-sidecar.ts';
import { createNodeFileSystem } from './node-file-system.ts';
import { PieceFile } from './piece-file.ts';
import { openFile } from './positional.ts';

/** A file that was hashed before. */
export interface SourceOptions {
  readonly manifest: Manifest;
  readonly path: string;
  /** What `buildManifest` gave for the file, or `DownloadStore.identity`. */
  readonly identity: FileIdentity;
  /** Where `buildManifest` put the leaf hashes; what is missing there is put there. Computed each time without it. */
  readonly leavesPath?: string;
  readonly fs?: FileSystem;
}

/** Opens a shared file. Fails with `source_changed`, `not_found` or `not_a_file`. */
export async function openSource(options: SourceOptions): Promise<ChunkStore> {
  const { manifest, path, identity, leavesPath, fs = createNodeFileSystem() } = options;
  const layout = createPieceLayout(manifest);
  await using resources = new AsyncDisposableStack();
  const { handle, info } = await openFile(fs, path, 'shared');
  resources.defer(() => handle.close());
  requireIdentity(path, identityOf(info), identity);
  // The identity may be of another file than the manifest is.
  requireIdentity(path, { ...identity, size: manifest.size }, identity);
  const sidecar = leavesPath === undefined ? undefined : await openLeafSidecar(fs, leavesPath, layout);
  if (sidecar !== undefined) resources.defer(() => sidecar.close());
  const have = Bitfield.full(layout.pieceCount);
  const file = new PieceFile({ manifest, layout, have, path, handle, sidecar, identity });
  return new SourceStore({ manifest, layout, have, file, resources: resources.move() });
}

interface SourceParts {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly file: PieceFile;
  readonly resources: AsyncDisposableStack;
}

class SourceStore implements ChunkStore {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly #file: PieceFile;
  readonly #resources: AsyncDisposableStack;
  readonly #gate = new OpenGate();
  #closing: Promise<void> | undefined;

  constructor(parts: SourceParts) {
    this.manifest = parts.manifest;
    this.layout = parts.layout;
    this.have = parts.have;
    this.#file = parts.file;
    this.#resources = parts.resources;
  }

  readBlock(index: number, offset: number, length: number, options?: ReadBlockOptions): Promise<Uint8Array> {
    return this.#gate.enter(() => this.#file.readBlock(index, offset, length, options?.into), options);
  }

  readLeafHashes(index: number, options?: StoreCallOptions): Promise<Uint8Array> {
    return this.#gate.enter(() => this.#file.readLeafHashes(index), options);
  }

  writePiece(piece: VerifiedPiece, options?: StoreCallOptions): Promise<void> {
    return this.#gate.enter(async () => {
      checkPiece(this.manifest, piece);
      if (this.have.has(piece.index)) return;
      throw new StoreError(
        'source_changed',
        `Cannot write piece ${piece.index}: ${this.#file.path} is only read`,
        {
          piece: piece.index,
        },
      );
    }, options);
  }

  flush(): Promise<void> {
    return this.#gate.enter(async () => {});
  }

  complete(): Promise<void> {
    return this.#gate.enter(async () => {
      const { count, length, isComplete } = this.have;
      if (isComplete) return;
      throw new StoreError(
        'incomplete',
        `Cannot complete the file: ${count} pieces are here, expected ${length}`,
      );
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#gate.shut();
    await this.#resources.disposeAsync();
  }
}
