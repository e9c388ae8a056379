/**
 * A store that keeps its pieces in memory: for tests, simulations and small files. It follows the same contract as the
 * stores on disk, and forgets everything when it is closed.
 */
import { Bitfield } from './bitfield.ts';
import { StoreError } from './errors.ts';
import type { Manifest } from './manifest.ts';
import { type VerifiedPiece, verifyWholePiece } from './piece-assembler.ts';
import { createPieceLayout, type PieceLayout } from './piece-layout.ts';
import type { ChunkStore, ReadBlockOptions, StoreCallOptions } from './store.ts';
import { checkBlock, checkPiece, checkTarget } from './store-checks.ts';

/** What a memory store is made from. */
export interface MemoryStoreOptions {
  readonly manifest: Manifest;
  /** The whole file, for a store that has every piece from the start. Checked, copied. */
  readonly bytes?: Uint8Array;
}

/** Makes a store in memory. Fails with `bad_length` or `hash_mismatch` for bytes that are not the manifest's. */
export function createMemoryStore(options: MemoryStoreOptions): ChunkStore {
  const store = new MemoryStore(options.manifest);
  if (options.bytes !== undefined) store.fill(options.bytes);
  return store;
}

class MemoryStore implements ChunkStore {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly #pieces = new Map<number, { readonly bytes: Uint8Array; readonly leafHashes: Uint8Array }>();
  #isClosed = false;

  constructor(manifest: Manifest) {
    this.manifest = manifest;
    this.layout = createPieceLayout(manifest);
    this.have = new Bitfield(this.layout.pieceCount);
  }

  fill(bytes: Uint8Array): void {
    if (bytes.length !== this.layout.size) {
      throw new StoreError(
        'bad_length',
        `Cannot fill a store with ${bytes.length} bytes, expected ${this.layout.size}`,
      );
    }
    for (let index = 0; index < this.layout.pieceCount; index += 1) {
      const start = this.layout.pieceOffset(index);
      this.#keep(
        verifyWholePiece(this.manifest, index, bytes.subarray(start, start + this.layout.pieceSize(index))),
      );
    }
  }

  async readBlock(
    index: number,
    offset: number,
    length: number,
    options?: ReadBlockOptions,
  ): Promise<Uint8Array> {
    this.#check(options);
    checkBlock(this.layout, index, offset, length);
    const { into } = options ?? {};
    checkTarget(into, length);
    const block = this.#piece(index).bytes.subarray(offset, offset + length);
    into?.set(block);
    return into?.subarray(0, length) ?? block.slice();
  }

  async readLeafHashes(index: number, options?: StoreCallOptions): Promise<Uint8Array> {
    this.#check(options);
    return this.#piece(index).leafHashes.slice();
  }

  async writePiece(piece: VerifiedPiece, options?: StoreCallOptions): Promise<void> {
    this.#check(options);
    checkPiece(this.manifest, piece);
    if (!this.have.has(piece.index)) this.#keep(piece);
  }

  async flush(): Promise<void> {
    this.#check();
  }

  async complete(): Promise<void> {
    this.#check();
    if (this.have.isComplete) return;
    const { count, length } = this.have;
    throw new StoreError(
      'incomplete',
      `Cannot complete the file: ${count} pieces are here, expected ${length}`,
    );
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#pieces.clear();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #keep(piece: VerifiedPiece): void {
    this.#pieces.set(piece.index, {
      bytes: joined(piece),
      leafHashes: piece.leafHashes.slice(),
    });
    this.have.set(piece.index);
  }

  #piece(index: number): { readonly bytes: Uint8Array; readonly leafHashes: Uint8Array } {
    const piece = this.#pieces.get(index);
    if (piece !== undefined) return piece;
    // Throws RangeError for a piece that does not exist.
    this.layout.pieceSize(index);
    throw new StoreError('missing_piece', `Cannot read piece ${index}: it is not here`, { piece: index });
  }

  #check(options?: StoreCallOptions): void {
    options?.signal?.throwIfAborted();
    if (this.#isClosed) throw new StoreError('closed', 'Cannot use a store that was closed');
  }
}

function joined({ parts, byteLength }: VerifiedPiece): Uint8Array {
  const bytes = new Uint8Array(byteLength);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
