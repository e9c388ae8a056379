/** The file that is transferred, and the comparison with what arrived. */
import { createHash, randomFillSync } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';

const MIB = 2 ** 20;

export interface SourceFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** A file of random bytes, `source.bin` in `folder`. */
export async function makeSource(folder: string, mib: number): Promise<SourceFile> {
  const name = 'source.bin';
  const path = join(folder, name);
  const hash = createHash('sha256');
  await using handle = await open(path, 'wx');
  const block = Buffer.alloc(MIB);
  for (let index = 0; index < mib; index += 1) {
    hash.update(randomFillSync(block));
    await handle.write(block);
  }
  // Or it would be written to the disk while others are measured.
  await handle.sync();
  return { path, name, bytes: mib * MIB, sha256: hash.digest('hex') };
}

/** Reads a file once, which leaves it in the page cache. */
export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: MIB })) hash.update(chunk);
  return hash.digest('hex');
}

/**
 * Writes as many bytes as will be downloaded, and removes them. A virtual machine gives memory that nobody uses back to
 * its host, and memory that comes from the host again costs five times as much to write to: without this, whoever comes
 * first pays for it.
 */
export async function warmMemory(folder: string, bytes: number): Promise<void> {
  const path = join(folder, 'warm.bin');
  const block = Buffer.alloc(MIB, 1);
  {
    await using handle = await open(path, 'w');
    for (let written = 0; written < bytes; written += block.length) await handle.write(block);
  }
  await rm(path);
}
