/**
 * A file on its way to this machine: pieces at their places in a sparse `.part`, the record of them, and in the end the
 * move to the final name. `openDownload` makes it; how a session resumes is decided there, how the record stays true in
 * `recorder.ts`.
 */
import type { Bitfield } from '../bitfield.ts';
import { StoreError } from '../errors.ts';
import type { FileIdentity } from '../file-identity.ts';
import type { FlushMeter } from '../flush-policy.ts';
import type { Manifest } from '../manifest.ts';
import { OpenGate } from '../open-gate.ts';
import type { VerifiedPiece } from '../piece-assembler.ts';
import type { PieceLayout } from '../piece-layout.ts';
import type { ChunkStore, ReadBlockOptions, StoreCallOptions } from '../store.ts';
import { checkPiece } from '../store-checks.ts';
import type { DownloadPaths } from './download-paths.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileSystem } from './file-system.ts';
import type { LeafSidecar } from './leaf-sidecar.ts';
import type { PieceFile } from './piece-file.ts';
import { removeFile, removeFiles, writeParts } from './positional.ts';
import type { Recorder } from './recorder.ts';
import { claimName } from './replace-file.ts';

/** A store for one download. */
export interface DownloadStore extends ChunkStore {
  /** Where the bytes are now: the `.part`, or the final name once `complete` has settled. */
  readonly path: string;
  /** The state of the completed file, for `openSource`; undefined until then. */
  readonly identity: FileIdentity | undefined;
  /** Where the leaf hashes are kept, for `openSource`. */
  readonly leavesPath: string;
  /** Closes the store and deletes what was kept for the download; a completed file stays. */
  discard(): Promise<void>;
}

/** What `openDownload` hands over; the store closes and releases all of it. */
export interface DownloadParts {
  readonly fs: FileSystem;
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly paths: DownloadPaths;
  readonly file: PieceFile;
  readonly handle: FileHandle;
  readonly sidecar: LeafSidecar;
  readonly recorder: Recorder;
  /** What is closed and released at the end, last of all. */
  readonly resources: AsyncDisposableStack;
  readonly meter: FlushMeter;
  /** Monotonic milliseconds. */
  readonly now: () => number;
  readonly overwrite: boolean;
}

/** The `DownloadStore` on disk. */
export class OpenDownload implements DownloadStore {
  readonly manifest: Manifest;
  readonly layout: PieceLayout;
  readonly have: Bitfield;
  readonly #parts: DownloadParts;
  readonly #gate = new OpenGate();
  readonly #writing = new Map<number, Promise<void>>();
  #completing: Promise<void> | undefined;
  #hasFinalName = false;
  /** Never rejects: a failure is kept aside. */
  #flushingBehind: Promise<void> = Promise.resolve();
  #flushFailure: { readonly failure: unknown } | undefined;
  #closing: Promise<void> | undefined;

  constructor(parts: DownloadParts) {
    this.manifest = parts.manifest;
    this.layout = parts.layout;
    this.have = parts.have;
    this.#parts = parts;
  }

  get path(): string {
    return this.#parts.file.path;
  }

  get identity(): FileIdentity | undefined {
    return this.#parts.file.identity;
  }

  get leavesPath(): string {
    return this.#parts.paths.leaves;
  }

  readBlock(index: number, offset: number, length: number, options?: ReadBlockOptions): Promise<Uint8Array> {
    return this.#gate.enter(() => this.#parts.file.readBlock(index, offset, length, options?.into), options);
  }

  readLeafHashes(index: number, options?: StoreCallOptions): Promise<Uint8Array> {
    return this.#gate.enter(() => this.#parts.file.readLeafHashes(index), options);
  }

  writePiece(piece: VerifiedPiece, options?: StoreCallOptions): Promise<void> {
    return this.#gate.enter(() => this.#writeOnce(piece), options);
  }

  flush(): Promise<void> {
    return this.#gate.enter(() => this.#flush());
  }

  complete(): Promise<void> {
    return this.#gate.enter(() => {
      this.#completing ??= this.#complete().finally(() => {
        this.#completing = undefined;
      });
      return this.#completing;
    });
  }

  close(): Promise<void> {
    this.#closing ??= this.#close(() => this.#settleRecord());
    return this.#closing;
  }

  discard(): Promise<void> {
    this.#closing ??= this.#close(async () => {
      const { fs, paths } = this.#parts;
      await removeFiles(fs, [paths.part, paths.resume, paths.leaves]);
    });
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #writeOnce(piece: VerifiedPiece): Promise<void> {
    checkPiece(this.manifest, piece);
    if (this.have.has(piece.index)) return;
    if (this.identity !== undefined) {
      throw new StoreError('source_changed', `Cannot write piece ${piece.index}: the file was completed`, {
        piece: piece.index,
      });
    }
    const running = this.#writing.get(piece.index) ?? this.#write(piece);
    this.#writing.set(piece.index, running);
    try {
      await running;
    } finally {
      this.#writing.delete(piece.index);
    }
  }

  async #write(piece: VerifiedPiece): Promise<void> {
    const { recorder, file, handle, sidecar, meter, now } = this.#parts;
    const { index, parts, leafHashes } = piece;
    await recorder.beginWriting();
    const { syncFailures } = recorder;
    const data = attempt('write', this.path, () => writeParts(handle, parts, this.layout.pieceOffset(index)));
    await bothSettled(data, sidecar.write(index, leafHashes));
    if (recorder.syncFailures !== syncFailures) {
      throw new StoreError('io_failed', `Cannot write piece ${index}: a sync failed meanwhile`, {
        piece: index,
      });
    }
    recorder.wrote(index);
    file.wrote(piece);
    this.have.set(index);
    if (meter.wrote(piece.byteLength, now())) await this.#flushBehind();
    this.#reportFlushFailure();
  }

  async #flush(): Promise<void> {
    await this.#flushingBehind;
    this.#reportFlushFailure();
    this.#parts.meter.flushed();
    await this.#parts.recorder.flush();
  }

  /**
   * Flushes beside the writes that follow. When the next flush is due before this one has ended, writing waits for it: a
   * slow disk slows the download, and a crash costs two intervals at most.
   */
  async #flushBehind(): Promise<void> {
    const { meter, recorder } = this.#parts;
    meter.flushed();
    const before = this.#flushingBehind;
    this.#flushingBehind = before
      .then(() => recorder.flush())
      .catch((failure: unknown) => {
        this.#flushFailure ??= { failure };
      });
    await before;
  }

  /** A flush behind has no caller of its own: the next call that it concerns fails in its place. */
  #reportFlushFailure(): void {
    const failed = this.#flushFailure;
    this.#flushFailure = undefined;
    if (failed !== undefined) throw failed.failure;
  }

  async #complete(): Promise<void> {
    if (this.identity !== undefined) return;
    const { recorder, file, paths } = this.#parts;
    await this.#flushingBehind;
    this.#requireComplete();
    const identity = await recorder.seal('complete');
    // A reader may have found a bad piece meanwhile.
    this.#requireComplete();
    await this.#takeFinalName();
    file.watch(paths.final, identity);
  }

  #requireComplete(): void {
    const { count, length, isComplete } = this.have;
    if (isComplete) return;
    const { final } = this.#parts.paths;
    // A failed flush takes pieces back, and is then the reason.
    throw new StoreError(
      'incomplete',
      `Cannot complete ${final}: ${count} pieces are here, expected ${length}`,
      { cause: this.#flushFailure?.failure },
    );
  }

  /** At every instant the bytes have one durable name at least. */
  async #takeFinalName(): Promise<void> {
    const { fs, paths } = this.#parts;
    if (!this.#hasFinalName) await this.#claimFinalName();
    // Where a step below fails and is tried again, the name is ours already.
    this.#hasFinalName = true;
    await attempt('sync', paths.folder, () => fs.syncFolder(paths.folder));
    await removeFile(fs, paths.part);
  }

  #claimFinalName(): Promise<void> {
    const { fs, paths, overwrite } = this.#parts;
    if (!overwrite) return claimName(fs, paths.part, paths.final);
    return attempt('replace', paths.final, () => fs.rename(paths.part, paths.final));
  }

  async #settleRecord(): Promise<void> {
    const { fs, recorder, paths } = this.#parts;
    if (this.identity === undefined) {
      if (!recorder.isSealed) await recorder.seal('closed');
    } else if (!this.have.isComplete) {
      // What has the final name is no longer the file that was downloaded: the next session is not to think so.
      await removeFile(fs, paths.resume);
    }
  }

  async #close(lastStep: () => Promise<void>): Promise<void> {
    await this.#gate.shut();
    await this.#flushingBehind;
    await using _resources = this.#parts.resources;
    await lastStep();
  }
}

/** Fails as the first of them that fails, but only after both: until then their bytes are in use. */
async function bothSettled(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.allSettled([one, other]);
  await one;
  await other;
}
