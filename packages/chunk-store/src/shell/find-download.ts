/**
 * What earlier sessions left of a download: the record of its pieces, and whether the file is whole already.
 */
import { StoreError } from '../errors.ts';
import { type FileIdentity, identityOf, isSameIdentity } from '../file-identity.ts';
import type { FileDescriptor } from '../manifest.ts';
import { decodeResumeRecord, MAX_RECORD_BYTES, type ResumeRecord } from '../resume-record.ts';
import type { DownloadPaths } from './download-paths.ts';
import { attempt } from './file-errors.ts';
import type { FileInfo, FileSystem } from './file-system.ts';
import { readSmallFile, removeFile } from './positional.ts';

/** What is there. */
export interface FoundDownload {
  /** Undefined for none, and for one that is damaged or about another file. */
  readonly record: ResumeRecord | undefined;
  /** The state of the file that has the final name, where this download left it there. */
  readonly completed: FileIdentity | undefined;
}

/**
 * Looks, and cleans up after a crash between the two names of the file. Fails with `already_exists` where the final name is
 * another file's, unless that may be overwritten, and with `not_a_file`.
 */
export async function findDownload(
  fs: FileSystem,
  paths: DownloadPaths,
  { file, overwrite }: { readonly file: FileDescriptor; readonly overwrite: boolean },
): Promise<FoundDownload> {
  const bytes = await readSmallFile(fs, paths.resume, MAX_RECORD_BYTES);
  const record = bytes === undefined ? undefined : decodeResumeRecord(file, bytes);
  return { record, completed: await findCompleted(fs, paths, { record, overwrite }) };
}

async function findCompleted(
  fs: FileSystem,
  paths: DownloadPaths,
  { record, overwrite }: { readonly record: ResumeRecord | undefined; readonly overwrite: boolean },
): Promise<FileIdentity | undefined> {
  const final = await look(fs, paths.final);
  if (final === undefined) return undefined;
  let part = await look(fs, paths.part);
  if (part?.id === final.id) {
    await attempt('sync', paths.folder, () => fs.syncFolder(paths.folder));
    await removeFile(fs, paths.part);
    part = undefined;
  }
  const isOurs = record?.state === 'complete' && isSameIdentity(record.identity, identityOf(final));
  if (part === undefined && isOurs && final.kind === 'file') return record.identity;
  requireReplaceable(paths.final, final, overwrite);
  return undefined;
}

function requireReplaceable(path: string, { kind }: FileInfo, overwrite: boolean): void {
  if (!overwrite) {
    const message = `Cannot download to ${path}: there is a ${kind} of that name`;
    throw new StoreError('already_exists', message, { path });
  }
  if (kind !== 'file')
    throw new StoreError('not_a_file', `Cannot replace ${path}: it is a ${kind}`, { path });
}

function look(fs: FileSystem, path: string): Promise<FileInfo | undefined> {
  return attempt('look at', path, () => fs.info(path));
}
