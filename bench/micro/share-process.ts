/** Hashes a file as sharing it does, in a process of its own: answers the root, and how long it took. */
import { buildManifest } from '../../packages/chunk-store/src/index.ts';
import { answerParent } from '../harness/child.ts';

export interface Shared {
  readonly root: string;
  readonly seconds: number;
}

answerParent(undefined, async (path): Promise<Shared> => {
  const startedAt = performance.now();
  const { manifest } = await buildManifest(String(path));
  const seconds = (performance.now() - startedAt) / 1_000;
  return { root: Buffer.from(manifest.root).toString('hex'), seconds };
});
