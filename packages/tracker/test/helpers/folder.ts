import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A new folder that is gone after the test. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  write(name: string, content: string): Promise<void>;
}

export async function createTestFolder(): Promise<TestFolder> {
  const path = await mkdtemp(join(tmpdir(), 'minitorrent-tracker-'));
  return {
    path,
    write: (name, content) => writeFile(join(path, name), content),
    [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }),
  };
}
