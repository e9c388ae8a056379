/**
 * By what a file that was hashed once is known again without hashing it: its size and the time of its last change.
 *
 * It cannot see a change within one tick of the file system's clock, nor one that somebody hides; receivers check every
 * leaf, so such a change is noticed there.
 */
import { StoreError } from './errors.ts';

/** Written down by whoever shares a file, and given back to `openSource`. */
export interface FileIdentity {
  /** Bytes. */
  readonly size: number;
  /** Time of the last change, nanoseconds since the Unix epoch. */
  readonly modifiedNs: bigint;
}

/** The part of what a file system says that identifies the content. */
export function identityOf({ size, modifiedNs }: FileIdentity): FileIdentity {
  return { size, modifiedNs };
}

/** Whether both are the same state of a file. */
export function isSameIdentity(left: FileIdentity, right: FileIdentity): boolean {
  return left.size === right.size && left.modifiedNs === right.modifiedNs;
}

/** Fails with `source_changed` unless the file is as it was. */
export function requireIdentity(path: string, current: FileIdentity, wanted: FileIdentity): void {
  if (isSameIdentity(current, wanted)) return;
  throw new StoreError('source_changed', `Cannot use ${path}: it changed since it was hashed`, { path });
}
