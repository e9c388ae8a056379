/**
 * One user of a download at a time, across processes: a lock file that names its owner. It appears with its content or
 * not at all. A lock whose owner is gone is taken over, so a crash needs no cleaning up by hand. It is not synced: with the
 * power every owner goes, and what a lock holds then, torn or not, names nobody who lives.
 */
import { StoreError } from '../errors.ts';
import { attempt } from './file-errors.ts';
import type { FileSystem } from './file-system.ts';
import { readSmallFile, removeFile } from './positional.ts';
import { claimName, writeNewFile } from './replace-file.ts';

/** Who holds a lock. */
export interface LockOwner {
  /** Letters, digits, `.` and `-`: unlike that of every other process, also of a later one with the same number. */
  readonly id: string;
  /** Whether the process with this id still runs. */
  isAlive(id: string): boolean;
}

/** A lock that is held. */
export interface FileLock {
  release(): Promise<void>;
}

/** Takes the lock at `path`. Fails with `locked` while another owner, or another store of this one, has it. */
export async function acquireLock(fs: FileSystem, path: string, owner: LockOwner): Promise<FileLock> {
  const temporary = `${path}.${owner.id}`;
  await whileFree(path, () => writeNewFile(fs, temporary, contentOf(owner), { isDurable: false }));
  try {
    await removeStaleLock(fs, path, owner);
    await whileFree(path, () => claimName(fs, temporary, path));
  } finally {
    await removeFile(fs, temporary);
  }
  return { release: () => removeFile(fs, path) };
}

/** This process as an owner. */
export function createProcessOwner(): LockOwner {
  const id = `${process.pid}.${Math.round(performance.timeOrigin)}`;
  return {
    id,
    isAlive(other) {
      const pid = Number.parseInt(other, 10);
      // The same number and another start: a process before this one, as in a container that was restarted.
      if (pid === process.pid) return other === id;
      return isRunning(pid);
    },
  };
}

const MAX_LOCK_BYTES = 256;

async function removeStaleLock(fs: FileSystem, path: string, owner: LockOwner): Promise<void> {
  const holder = await readHolder(fs, path);
  if (holder === undefined) return;
  if (isHeld(holder, owner)) throw lockedError(path);
  // Moved away before it is deleted: somebody else may have taken over the stale lock in the meantime.
  const aside = `${path}.${owner.id}.stale`;
  await attempt('move', path, () => fs.rename(path, aside));
  const moved = await readHolder(fs, aside);
  if (moved !== holder) await claimName(fs, aside, path);
  await removeFile(fs, aside);
  if (moved !== holder) throw lockedError(path);
}

/** A part of an id could be that of somebody else: so it ends where the line does. */
function contentOf({ id }: LockOwner): Uint8Array {
  return new TextEncoder().encode(`${id}\n`);
}

function isHeld(holder: string, owner: LockOwner): boolean {
  return holder.endsWith('\n') && owner.isAlive(holder.slice(0, -1));
}

async function readHolder(fs: FileSystem, path: string): Promise<string | undefined> {
  const bytes = await readSmallFile(fs, path, MAX_LOCK_BYTES);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
}

async function whileFree(path: string, step: () => Promise<void>): Promise<void> {
  try {
    await step();
  } catch (error) {
    if (error instanceof StoreError && error.code === 'already_exists') throw lockedError(path);
    throw error;
  }
}

function lockedError(path: string): StoreError {
  return new StoreError('locked', `Cannot open the download: it is in use, by the lock ${path}`, { path });
}

function isRunning(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, for another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
