/**
 * Opens a download: a new one, one that was interrupted, or one that was completed before.
 *
 * All but the pieces needs the descriptor alone, so it can be done while the piece layer is on its way (`prepareDownload`).
 *
 * What affects how it resumes: whether the `.part` and the final file are there, and whether they are one file; the resume
 * record, its state, and the size and time in it; whether the leaf hashes were kept. `planResume` and `findDownload` decide.
 */
import { Bitfield } from '../bitfield.ts';
import { StoreError } from '../errors.ts';
import { identityOf } from '../file-identity.ts';
import { createFlushMeter, DEFAULT_FLUSH_POLICY, type FlushPolicy } from '../flush-policy.ts';
import type { FileDescriptor, Manifest } from '../manifest.ts';
import { createPieceLayout, type PieceLayout } from '../piece-layout.ts';
import { planResume } from '../resume-record.ts';
import { type DownloadPaths, resolveDownloadPaths } from './download-paths.ts';
import { type DownloadStore, OpenDownload } from './download-store.ts';
import type { FileHandle, FileInfo, FileSystem } from './file-system.ts';
import { type FoundDownload, findDownload } from './find-download.ts';
import { type LeafSidecar, openLeafSidecar } from './leaf-sidecar.ts';
import { acquireLock, createProcessOwner, type LockOwner } from './lock-file.ts';
import { chooseWorkers, type HashProgress } from './manifest-builder.ts';
import { createNodeFileSystem } from './node-file-system.ts';
import { PieceFile } from './piece-file.ts';
import { openFile, openOrCreate, removeFiles } from './positional.ts';
import { Recorder, type RecorderParts } from './recorder.ts';
import { rehash } from './rehash.ts';

/** Where a file goes. */
export interface PrepareOptions {
  readonly file: FileDescriptor;
  /** An existing folder. The file gets its name in it, and a `.part` until it is whole. */
  readonly folder: string;
  /** An existing folder for the record and the leaf hashes, which outlive the download; `folder` unless given. */
  readonly dataFolder?: string;
  /** Replaces a file of that name at the end. Without it such a file is an error, before anything is downloaded. */
  readonly overwrite?: boolean;
  readonly fs?: FileSystem;
  /** Who holds the lock; this process unless given. */
  readonly owner?: LockOwner;
}

/** How the pieces of a prepared download are looked for and kept. */
export interface OpenOptions {
  /** Whether what is there is hashed again: only where the record does not tell, unless `always`. */
  readonly rehash?: 'when_needed' | 'always';
  readonly flushPolicy?: FlushPolicy;
  /** Worker threads for a re-hash; as many as it is worth unless given. */
  readonly workers?: number;
  /** Ends opening, such as a long re-hash. Not the store. */
  readonly signal?: AbortSignal;
  /** Follows a re-hash. */
  readonly onProgress?: (progress: HashProgress) => void;
  /** Monotonic milliseconds, for the flush policy. */
  readonly now?: () => number;
}

/** What is downloaded, and where to. */
export interface DownloadOptions extends Omit<PrepareOptions, 'file'>, OpenOptions {
  readonly manifest: Manifest;
}

/** A download whose lock is held and whose files are open. It is disposed of unless it is opened. */
export interface PreparedDownload extends AsyncDisposable {
  /** The store, which takes everything over. Called once. Fails with `wrong_file`, `io_failed` and the signal's reason. */
  open(manifest: Manifest, options?: OpenOptions): Promise<DownloadStore>;
  /** As disposing, and deletes what earlier sessions fetched. */
  discard(): Promise<void>;
  /** Closes and releases everything, unless it was opened. What was made for nothing is removed. Idempotent. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * Opens a download. Fails with `locked`, `already_exists`, `not_found`, `not_a_file`, `bad_name`, `disk_full`,
 * `io_failed`, and with the signal's reason.
 */
export async function openDownload(options: DownloadOptions): Promise<DownloadStore> {
  options.signal?.throwIfAborted();
  await using prepared = await prepareDownload({ ...options, file: options.manifest });
  return await prepared.open(options.manifest, options);
}

/** The first part of that, before the piece layer is known; fails alike. */
export async function prepareDownload(options: PrepareOptions): Promise<PreparedDownload> {
  const { file, fs = createNodeFileSystem(), owner = createProcessOwner(), overwrite = false } = options;
  const layout = createPieceLayout(file);
  const paths = await resolveDownloadPaths(fs, file, options);
  await using resources = new AsyncDisposableStack();
  for (const path of paths.locks) {
    const lock = await acquireLock(fs, path, owner);
    resources.defer(() => lock.release());
  }
  const found = await findDownload(fs, paths, { file, overwrite });
  const unwanted = new Set<string>();
  resources.defer(() => removeFiles(fs, unwanted));
  const data = await openData(fs, paths, { size: layout.size, found });
  resources.defer(() => data.handle.close());
  if (data.isNew) unwanted.add(paths.part);
  const sidecar = await openLeafSidecar(fs, paths.leaves, layout);
  resources.defer(() => sidecar.close());
  if (data.isNew && sidecar.isNew) unwanted.add(paths.leaves);
  const parts = { fs, file, layout, paths, found, ...data, sidecar, overwrite, unwanted };
  return new OpenablePreparation({ ...parts, resources: resources.move() });
}

interface PreparedParts {
  readonly fs: FileSystem;
  readonly file: FileDescriptor;
  readonly layout: PieceLayout;
  readonly paths: DownloadPaths;
  readonly found: FoundDownload;
  readonly handle: FileHandle;
  /** As it was found. */
  readonly info: FileInfo;
  readonly sidecar: LeafSidecar;
  readonly overwrite: boolean;
  /** Files that go with `resources`. */
  readonly unwanted: Set<string>;
  readonly resources: AsyncDisposableStack;
}

class OpenablePreparation implements PreparedDownload {
  readonly #parts: PreparedParts;

  constructor(parts: PreparedParts) {
    this.#parts = parts;
  }

  async open(manifest: Manifest, options: OpenOptions = {}): Promise<DownloadStore> {
    const { fs, layout, paths, found, handle, sidecar, overwrite, unwanted, resources } = this.#parts;
    requireSameFile(this.#parts.file, manifest);
    const path = found.completed === undefined ? paths.part : paths.final;
    const data = { manifest, layout, path, handle, sidecar };
    const resumed = await this.#resume(data, options);
    const { have } = resumed;
    const record = { folder: paths.dataFolder, path: paths.resume };
    const file = new PieceFile({ ...data, have, identity: found.completed });
    const recorder = new Recorder({ ...data, ...resumed, fs, record });
    const meter = createFlushMeter(options.flushPolicy ?? DEFAULT_FLUSH_POLICY);
    const now = options.now ?? (() => performance.now());
    const rest = { fs, paths, file, recorder, meter, now, overwrite };
    unwanted.clear();
    return new OpenDownload({ ...data, ...rest, have, resources: resources.move() });
  }

  async discard(): Promise<void> {
    const { paths, resources, unwanted } = this.#parts;
    if (!resources.disposed) for (const path of [paths.part, paths.resume, paths.leaves]) unwanted.add(path);
    await resources.disposeAsync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#parts.resources.disposeAsync();
  }

  /** The pieces that are here, by the record as far as it is believed, and by hashing what it does not tell of. */
  async #resume(
    data: Pick<RecorderParts, 'manifest' | 'path' | 'handle' | 'sidecar'> & { readonly layout: PieceLayout },
    options: OpenOptions,
  ): Promise<Pick<RecorderParts, 'have' | 'unsynced' | 'recorded' | 'unsyncedFolder'>> {
    const { paths, info } = this.#parts;
    const { record } = this.#parts.found;
    const plan = options.rehash === 'always' ? 'rehash' : planResume(record, identityOf(info));
    const believed = plan === 'rehash' ? undefined : record;
    const have = believed?.pieces.clone() ?? new Bitfield(data.layout.pieceCount);
    const known = {
      have,
      recorded: believed?.state ?? (record === undefined ? 'none' : 'doubtful'),
      // A record that names its pieces was made after its name was durable.
      unsyncedFolder: believed === undefined ? paths.folder : undefined,
    } as const;
    if (plan === 'trust') return { ...known, unsynced: [] };
    const { signal, onProgress } = options;
    const workersFor = (size: number): number => options.workers ?? chooseWorkers(size);
    const look = { ...data, have, writtenBytes: info.size, workersFor, signal, onProgress };
    return { ...known, unsynced: await rehash(look) };
  }
}

/** The data file, as large as it will be. */
async function openData(
  fs: FileSystem,
  paths: DownloadPaths,
  { size, found }: { readonly size: number; readonly found: FoundDownload },
): Promise<{ readonly handle: FileHandle; readonly info: FileInfo; readonly isNew: boolean }> {
  if (found.completed === undefined) return await openOrCreate(fs, paths.part, size);
  return { ...(await openFile(fs, paths.final, 'read')), isNew: false };
}

function requireSameFile(file: FileDescriptor, manifest: Manifest): void {
  const isSameCut = file.size === manifest.size && file.pieceLength === manifest.pieceLength;
  const isSameName = file.name === manifest.name;
  if (isSameCut && isSameName && Buffer.compare(file.root, manifest.root) === 0) return;
  const message = `Cannot open the download of ${file.name}: the manifest is of another file`;
  throw new StoreError('wrong_file', message);
}
