/**
 * Opens a download: a new one, one that was interrupted, or one that was completed before.
 *
 * What affects how it resumes: whether the `.part` and the final file are there, and whether they are one file; the resume
 * record, its state, and the size and time in it; whether the leaf hashes were kept. `planResume` and `findFiles` decide.
 */
import { Bitfield } from '../bitfield.ts';
import { StoreError } from '../errors.ts';
import { type FileIdentity, identityOf, isSameIdentity } from '../file-identity.ts';
import { createFlushMeter, DEFAULT_FLUSH_POLICY, type FlushPolicy } from '../flush-policy.ts';
import type { Manifest } from '../manifest.ts';
import { createPieceLayout } from '../piece-layout.ts';
import { decodeResumeRecord, MAX_RECORD_BYTES, planResume, type ResumeRecord } from '../resume-record.ts';
import { type DownloadPaths, resolveDownloadPaths } from './download-paths.ts';
import { type DownloadStore, OpenDownload } from './download-store.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileInfo, FileSystem } from './file-system.ts';
import { openLeafSidecar } from './leaf-sidecar.ts';
import { acquireLock, createProcessOwner, type LockOwner } from './lock-file.ts';
import { chooseWorkers, type HashProgress } from './manifest-builder.ts';
import { createNodeFileSystem } from './node-file-system.ts';
import { PieceFile } from './piece-file.ts';
import { openFile, openOrCreate, readSmallFile, removeFile } from './positional.ts';
import { Recorder, type RecorderParts } from './recorder.ts';
import { type RehashOptions, rehash } from './rehash.ts';

/** What is downloaded, and where to. */
export interface DownloadOptions {
  readonly manifest: Manifest;
  /** An existing folder. The file gets the manifest's name in it, and a `.part` until it is whole. */
  readonly folder: string;
  /** An existing folder for the record and the leaf hashes, which outlive the download; `folder` unless given. */
  readonly dataFolder?: string;
  /** Replaces a file of that name at the end. Without it such a file is an error, before anything is downloaded. */
  readonly overwrite?: boolean;
  /** Whether what is there is hashed again: only where the record does not tell, unless `always`. */
  readonly rehash?: 'when_needed' | 'always';
  readonly flushPolicy?: FlushPolicy;
  /** Worker threads for a re-hash; as many as it is worth unless given. */
  readonly workers?: number;
  /** Ends opening, such as a long re-hash. Not the store. */
  readonly signal?: AbortSignal;
  /** Follows a re-hash. */
  readonly onProgress?: (progress: HashProgress) => void;
  readonly fs?: FileSystem;
  /** Monotonic milliseconds, for the flush policy. */
  readonly now?: () => number;
  /** Who holds the lock; this process unless given. */
  readonly owner?: LockOwner;
}

/**
 * Opens a download. Fails with `locked`, `already_exists`, `not_found`, `not_a_file`, `bad_name`, `disk_full`,
 * `io_failed`, and with the signal's reason.
 */
export async function openDownload(options: DownloadOptions): Promise<DownloadStore> {
  options.signal?.throwIfAborted();
  const fs = options.fs ?? createNodeFileSystem();
  const paths = await resolveDownloadPaths(fs, options.manifest, options);
  await using resources = new AsyncDisposableStack();
  const owner = options.owner ?? createProcessOwner();
  for (const path of paths.locks) {
    const lock = await acquireLock(fs, path, owner);
    resources.defer(() => lock.release());
  }
  const record = await readRecord(fs, options.manifest, paths.resume);
  const found = await findFiles(fs, paths, { record, overwrite: options.overwrite ?? false });
  return await openStore({ options, fs, paths, record, completed: found.completed, resources });
}

async function readRecord(
  fs: FileSystem,
  manifest: Manifest,
  path: string,
): Promise<ResumeRecord | undefined> {
  const bytes = await readSmallFile(fs, path, MAX_RECORD_BYTES);
  return bytes === undefined ? undefined : decodeResumeRecord(manifest, bytes);
}

/** Whether the final file is there as this download left it, cleaning up after a crash between its two names. */
async function findFiles(
  fs: FileSystem,
  paths: DownloadPaths,
  { record, overwrite }: { readonly record: ResumeRecord | undefined; readonly overwrite: boolean },
): Promise<{ readonly completed: FileIdentity | undefined }> {
  const final = await look(fs, paths.final);
  if (final === undefined) return { completed: undefined };
  let part = await look(fs, paths.part);
  if (part?.id === final.id) {
    await attempt('sync', paths.folder, () => fs.syncFolder(paths.folder));
    await removeFile(fs, paths.part);
    part = undefined;
  }
  const isOurs = record?.state === 'complete' && isSameIdentity(record.identity, identityOf(final));
  if (part === undefined && isOurs && final.kind === 'file') return { completed: record.identity };
  if (!overwrite) {
    throw new StoreError(
      'already_exists',
      `Cannot download to ${paths.final}: there is a ${final.kind} of that name`,
      {
        path: paths.final,
      },
    );
  }
  if (final.kind !== 'file') {
    throw new StoreError('not_a_file', `Cannot replace ${paths.final}: it is a ${final.kind}`, {
      path: paths.final,
    });
  }
  return { completed: undefined };
}

interface OpenTask {
  readonly options: DownloadOptions;
  readonly fs: FileSystem;
  readonly paths: DownloadPaths;
  readonly record: ResumeRecord | undefined;
  readonly completed: FileIdentity | undefined;
  readonly resources: AsyncDisposableStack;
}

async function openStore(task: OpenTask): Promise<DownloadStore> {
  const { options, fs, paths, completed, resources } = task;
  const { manifest, overwrite = false, flushPolicy = DEFAULT_FLUSH_POLICY } = options;
  const layout = createPieceLayout(manifest);
  const path = completed === undefined ? paths.part : paths.final;
  const { handle, info } = await openData(fs, paths, { size: layout.size, completed });
  resources.defer(() => handle.close());
  const sidecar = await openLeafSidecar(fs, paths.leaves, layout);
  resources.defer(() => sidecar.close());

  const data = { manifest, layout, path, handle, sidecar };
  const resumed = await resume(task, data, info);
  const { have } = resumed;
  const record = { folder: paths.dataFolder, path: paths.resume };
  const file = new PieceFile({ ...data, have, identity: completed });
  const recorder = new Recorder({ ...data, ...resumed, fs, record });
  const meter = createFlushMeter(flushPolicy);
  const now = options.now ?? (() => performance.now());
  const rest = { fs, paths, file, recorder, meter, now, overwrite };
  return new OpenDownload({ ...data, ...rest, have, resources: resources.move() });
}

type OpenData = Pick<RehashOptions, 'manifest' | 'layout' | 'path' | 'handle' | 'sidecar'>;

/** The pieces that are here, by the record as far as it is believed, and by hashing what it does not tell of. */
async function resume(
  { options, paths, record }: OpenTask,
  data: OpenData,
  info: FileInfo,
): Promise<Pick<RecorderParts, 'have' | 'unsynced' | 'recorded' | 'unsyncedFolder'>> {
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
  const unsynced = await rehash({ ...data, have, writtenBytes: info.size, workersFor, signal, onProgress });
  return { ...known, unsynced };
}

/** The data file, as large as it will be. */
function openData(
  fs: FileSystem,
  paths: DownloadPaths,
  { size, completed }: { readonly size: number; readonly completed: FileIdentity | undefined },
): Promise<{ readonly handle: FileHandle; readonly info: FileInfo }> {
  return completed === undefined ? openOrCreate(fs, paths.part, size) : openFile(fs, paths.final, 'read');
}

function look(fs: FileSystem, path: string): Promise<FileInfo | undefined> {
  return attempt('look at', path, () => fs.info(path));
}
