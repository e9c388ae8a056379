/**
 * Hashes a file that is to be shared, and keeps its leaf hashes where everything finds them that serves it.
 */
import { randomUUID } from 'node:crypto';
import { rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type BuiltManifest, buildManifest, requireFileName } from '@minitorrent/chunk-store';
import { toHex } from '@minitorrent/tracker/contract';
import { PeerError } from '../errors.ts';
import type { ShareOptions } from '../transfers.ts';

/** Where the leaf hashes of a file are kept, by its root in hexadecimal. */
export function leavesPath(leavesDir: string, root: string): string {
  return join(leavesDir, `${root}.leaves`);
}

/**
 * The manifest of the file at `source`, an absolute path, and its state. Fails with `file_not_found`, `not_a_file`,
 * `wrong_size`, `bad_name`, and as `buildManifest` does.
 */
export async function hashSource(
  source: string,
  leavesDir: string,
  { signal, onProgress, expectedSize }: ShareOptions,
): Promise<BuiltManifest> {
  await requireFile(source, expectedSize);
  const name = requireFileName(basename(source));
  // The root is only known at the end.
  const temporary = leavesPath(leavesDir, `hashing-${randomUUID()}`);
  const built = await buildManifest(source, {
    ...{ name, leavesPath: temporary },
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined
      ? {}
      : { onProgress: (done) => onProgress(done.hashedBytes, done.totalBytes) }),
  });
  await rename(temporary, leavesPath(leavesDir, toHex(built.manifest.root)));
  return built;
}

/** Before anything is hashed. */
async function requireFile(path: string, expectedSize: number | undefined): Promise<void> {
  const found = await stat(path).catch((cause: unknown) => {
    throw new PeerError('file_not_found', `Cannot share ${path}: there is no such file`, { cause });
  });
  if (!found.isFile()) throw new PeerError('not_a_file', `Cannot share ${path}: it is not a file`);
  if (expectedSize !== undefined && expectedSize !== found.size) {
    throw new PeerError(
      'wrong_size',
      `Cannot share ${path}: it has ${found.size} bytes, expected ${expectedSize}`,
    );
  }
}
