/**
 * Where the files of a download lie. Nothing here takes a path from outside: a name that passed the validator is one
 * component below a folder that this user chose, and the names of the working files are made from it and the root.
 */
import { join } from 'node:path';
import { StoreError } from '../errors.ts';
import { requireFileName } from '../file-name.ts';
import type { FileDescriptor } from '../manifest.ts';
import { attempt } from './file-errors.ts';
import type { FileSystem } from './file-system.ts';

/** The files of one download. */
export interface DownloadPaths {
  /** The folder of the file and its `.part`, links followed. */
  readonly folder: string;
  /** The folder of what else is kept about it. */
  readonly dataFolder: string;
  /** The file when it is whole. */
  readonly final: string;
  /** The file until then, in the same folder, so that it can be renamed. */
  readonly part: string;
  readonly resume: string;
  readonly leaves: string;
  /** In both folders, if there are two. */
  readonly locks: readonly string[];
}

/** Resolves the folders, which must exist. Fails with `not_found`, or `bad_name`. */
export async function resolveDownloadPaths(
  fs: FileSystem,
  file: FileDescriptor,
  folders: { readonly folder: string; readonly dataFolder?: string | undefined },
): Promise<DownloadPaths> {
  const folder = await resolveFolder(fs, folders.folder);
  const dataFolder = folders.dataFolder === undefined ? folder : await resolveFolder(fs, folders.dataFolder);
  const name = workName(file);
  return {
    folder,
    dataFolder,
    final: join(folder, requireFreeName(file.name)),
    part: join(folder, `${name}.part`),
    resume: join(dataFolder, `${name}.resume`),
    leaves: join(dataFolder, `${name}.leaves`),
    locks: [...new Set([folder, dataFolder])].map((path) => join(path, `${name}.lock`)),
  };
}

/**
 * A file that is called as a working file of another would be taken for that one's bytes, and overwritten. Names of working
 * files are this package's own choice, so such a name is fit to be shared, but not to be downloaded.
 */
function requireFreeName(name: string): string {
  if (!/\.[0-9a-f]{16}\.(?:part|resume|leaves|lock)(?:\.new)?$/iu.test(name)) return requireFileName(name);
  throw new StoreError(
    'bad_name',
    `Cannot download a file that is called as one under way: ${requireFileName(name)}`,
    {
      reason: 'working_file',
    },
  );
}

/** Leaves room for the longest ending of a working file within the 255 bytes of a name. */
const MAX_STEM_BYTES = 180;

/** The name as far as there is room for it, and enough of the root to tell two files of one name apart. */
function workName({ name, root }: FileDescriptor): string {
  let stem = '';
  let stemBytes = 0;
  for (const character of name) {
    stemBytes += Buffer.byteLength(character);
    if (stemBytes > MAX_STEM_BYTES) break;
    stem += character;
  }
  return `${stem}.${Buffer.from(root).toString('hex', 0, 8)}`;
}

function resolveFolder(fs: FileSystem, path: string): Promise<string> {
  return attempt('find', path, () => fs.realFolder(path));
}
