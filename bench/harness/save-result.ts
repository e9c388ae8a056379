/** Keeps what a run has measured so far in a file, which is whole at any time: it takes its name when it is written. */
import { rename, writeFile } from 'node:fs/promises';
import type { RunResult } from './result.ts';

export async function saveResult(path: string, result: RunResult): Promise<void> {
  const unfinished = `${path}.part`;
  await writeFile(unfinished, `${JSON.stringify(result, null, 2)}\n`);
  await rename(unfinished, path);
}
