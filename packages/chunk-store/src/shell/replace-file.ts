/**
 * The two careful ways to give a file its name: replacing what was there as a whole or not at all, and taking a name only
 * while it is free.
 */
import { attempt, errnoOf } from './file-errors.ts';
import type { FileSystem } from './file-system.ts';
import { openFile, removeFile, writeFully } from './positional.ts';

/** Replaces a small file: after a crash there is the old content or the new, durable when this settles. */
export async function replaceFile(
  fs: FileSystem,
  target: { readonly folder: string; readonly path: string },
  content: Uint8Array,
): Promise<void> {
  const temporary = `${target.path}.new`;
  await removeFile(fs, temporary);
  await writeNewFile(fs, temporary, content, { isDurable: true });
  await attempt('replace', target.path, () => fs.rename(temporary, target.path));
  await attempt('sync', target.folder, () => fs.syncFolder(target.folder));
}

/** Makes a file with this content; fails with `already_exists`, and leaves nothing behind where it fails. */
export async function writeNewFile(
  fs: FileSystem,
  path: string,
  content: Uint8Array,
  { isDurable }: { readonly isDurable: boolean },
): Promise<void> {
  const { handle } = await openFile(fs, path, 'create');
  try {
    await attempt('write', path, async () => {
      await writeFully(handle, content, 0);
      if (isDurable) await handle.sync();
    });
  } catch (error) {
    await removeFile(fs, path);
    throw error;
  } finally {
    await handle.close();
  }
}

/**
 * Gives the file at `from` the name `to`; fails with `already_exists` where the name is taken. The old name stays as well,
 * for the caller to delete, except on file systems without hard links.
 */
export async function claimName(fs: FileSystem, from: string, to: string): Promise<void> {
  await attempt('name', to, async () => {
    try {
      await fs.link(from, to);
    } catch (error) {
      if (!NO_HARD_LINKS.has(errnoOf(error) ?? '')) throw error;
      await renameToFreeName(fs, from, to);
    }
  });
}

/** The name is taken by an empty file first: a rename alone would replace what somebody else put there. */
async function renameToFreeName(fs: FileSystem, from: string, to: string): Promise<void> {
  const placeholder = await fs.open(to, 'create');
  await placeholder.close();
  try {
    await fs.rename(from, to);
  } catch (error) {
    await fs.unlink(to);
    throw error;
  }
}

/** What file systems without hard links answer. */
const NO_HARD_LINKS: ReadonlySet<string> = new Set(['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK']);
