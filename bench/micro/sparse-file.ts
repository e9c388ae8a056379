/** A large file that takes little space: random bytes at the start, at the end, and around each GiB; holes between. */
import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';

export async function makeSparseFile(path: string, size: number): Promise<string> {
  await using handle = await open(path, 'wx');
  await handle.truncate(size);
  for (let position = 0; position < size; position += 2 ** 30 - 12_345) {
    const bytes = randomBytes(Math.min(300_000, size - position));
    await handle.write(bytes, 0, bytes.length, position);
  }
  await handle.write(randomBytes(1), 0, 1, size - 1);
  return path;
}
