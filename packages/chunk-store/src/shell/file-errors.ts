/**
 * From what the operating system says to the codes of this package, in one place.
 */
import { StoreError, type StoreErrorCode } from '../errors.ts';

const CODES: Readonly<Record<string, StoreErrorCode>> = {
  ENOSPC: 'disk_full',
  EDQUOT: 'disk_full',
  EFBIG: 'disk_full',
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  EEXIST: 'already_exists',
  EISDIR: 'not_a_file',
  // A symbolic link where none is followed.
  ELOOP: 'not_a_file',
  EMLINK: 'not_a_file',
};

/** Runs a step on a file; the operating system's error becomes a `StoreError` that says what could not be done. */
export async function attempt<T>(action: string, path: string, step: () => Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (cause) {
    const errno = errnoOf(cause);
    if (errno === undefined) throw cause;
    throw new StoreError(CODES[errno] ?? 'io_failed', `Cannot ${action} ${path}: ${errno}`, { cause, path });
  }
}

/** The operating system's code, such as `ENOSPC`; undefined for an error of another kind. */
export function errnoOf(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined;
  return /^E(?!RR_)[A-Z0-9]+$/.test(error.code) ? error.code : undefined;
}
