/**
 * Reading the pieces of one open file on disk, and noticing when what is there is no longer what was verified.
 *
 * Where the file is watched (`identity`), a change of its size or time takes all pieces back: nothing is known of any.
 * A piece that no longer hashes to its entry is taken back alone. What is taken back counts as missing at once, so that it
 * is no longer announced; the error says why.
 */
import type { Bitfield } from '../bitfield.ts';
import { StoreError } from '../errors.ts';
import { type FileIdentity, identityOf, isSameIdentity } from '../file-identity.ts';
import { LeafCache } from '../leaf-cache.ts';
import type { Manifest } from '../manifest.ts';
import { hashLeaves } from '../merkle-tree.ts';
import { areLeafHashesOf, type VerifiedPiece } from '../piece-assembler.ts';
import type { PieceLayout } from '../piece-layout.ts';
import { checkBlock, checkTarget } from '../store-checks.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle } from './file-system.ts';
import type { LeafSidecar } from './leaf-sidecar.ts';
import { readFully } from './positional.ts';

/** What a piece file is made from. It closes none of it. */
export interface PieceFileParts {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly path: string;
  readonly handle: FileHandle;
  /** Undefined where leaf hashes are not kept, and so computed each time. */
  readonly sidecar: LeafSidecar | undefined;
  /** The state that the file must stay in; undefined while it is being written. */
  readonly identity: FileIdentity | undefined;
}

/** An open file whose pieces are read. */
export class PieceFile {
  readonly #manifest: Manifest;
  readonly #layout: PieceLayout;
  readonly #have: Bitfield;
  readonly #handle: FileHandle;
  readonly #sidecar: LeafSidecar | undefined;
  readonly #leaves = new LeafCache();
  #path: string;
  #identity: FileIdentity | undefined;

  constructor(parts: PieceFileParts) {
    this.#manifest = parts.manifest;
    this.#layout = parts.layout;
    this.#have = parts.have;
    this.#handle = parts.handle;
    this.#sidecar = parts.sidecar;
    this.#path = parts.path;
    this.#identity = parts.identity;
  }

  get path(): string {
    return this.#path;
  }

  get identity(): FileIdentity | undefined {
    return this.#identity;
  }

  /** From now on the file has this name and must stay as it is. */
  watch(path: string, identity: FileIdentity): void {
    this.#path = path;
    this.#identity = identity;
  }

  /** As `ChunkStore.readBlock`. */
  async readBlock(index: number, offset: number, length: number, into?: Uint8Array): Promise<Uint8Array> {
    checkBlock(this.#layout, index, offset, length);
    checkTarget(into, length);
    this.#requirePiece(index);
    // Not zeroed first, as nobody sees it before every byte is read over. Unpooled, so that it keeps nothing else alive.
    const bytes = into?.subarray(0, length) ?? new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
    const position = this.#layout.pieceOffset(index) + offset;
    const count = await attempt('read', this.#path, () => readFully(this.#handle, bytes, position));
    await this.#requireUnchanged();
    if (count !== length) throw this.#losePiece(index, `${count} bytes are left of ${length}`);
    return bytes;
  }

  async readLeafHashes(index: number): Promise<Uint8Array> {
    const size = this.#layout.pieceSize(index);
    this.#requirePiece(index);
    const known = this.#leaves.get(index);
    if (known !== undefined) return known;
    const kept = await this.#sidecar?.read(index);
    if (kept !== undefined && this.#belongs(index, kept)) return this.#remember(index, kept);
    const leafHashes = hashLeaves(await this.readBlock(index, 0, size));
    if (!this.#belongs(index, leafHashes)) throw this.#losePiece(index, 'it no longer hashes to its entry');
    await this.#sidecar?.keep(index, leafHashes);
    return this.#remember(index, leafHashes);
  }

  /** A piece was written, and its leaf hashes beside it: others are about to ask for both. */
  wrote({ index, leafHashes }: VerifiedPiece): void {
    this.#remember(index, leafHashes);
  }

  #remember(index: number, leafHashes: Uint8Array): Uint8Array {
    this.#leaves.set(index, leafHashes);
    return leafHashes;
  }

  #belongs(index: number, leafHashes: Uint8Array): boolean {
    return areLeafHashesOf(this.#manifest, this.#layout, index, leafHashes);
  }

  #requirePiece(index: number): void {
    if (this.#have.has(index)) return;
    throw new StoreError('missing_piece', `Cannot read piece ${index}: it is not here`, { piece: index });
  }

  async #requireUnchanged(): Promise<void> {
    if (this.#identity === undefined) return;
    const info = await attempt(
      'look at',
      this.#path,
      async () => this.#handle.infoNow?.() ?? this.#handle.info(),
    );
    if (isSameIdentity(identityOf(info), this.#identity)) return;
    for (const index of [...this.#have.indices()]) this.#have.clear(index);
    throw new StoreError('source_changed', `Cannot read ${this.#path}: it changed since it was hashed`, {
      path: this.#path,
    });
  }

  #losePiece(index: number, what: string): StoreError {
    this.#have.clear(index);
    return new StoreError('corrupt_piece', `Cannot read piece ${index} of ${this.#path}: ${what}`, {
      piece: index,
      path: this.#path,
    });
  }
}
