/**
 * Checks the packages as their users get them: packed, installed in an empty project, imported, run, type-checked.
 *
 * `node scripts/check-packages.ts` builds and packs every package, looks at the tarballs with publint and attw, and uses
 * them from a folder outside the workspace. It stops at the first failure, with the output of the tool that failed, and
 * removes its folder. A package that is still empty is left out, and so is what depends on it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createWorkspace, isPlaceholder, type Package, readWorkspaceFiles } from './floors/workspace.ts';
import {
  checkTypes,
  createConsumer,
  importEverything,
  runCommands,
  runExamples,
} from './packages/consumer.ts';
import { lintTarball, pack } from './packages/pack.ts';

const ROOT = join(import.meta.dirname, '..');

/** The packages that can be packed, each one after those that it depends on. */
export function packagesInBuildOrder(packages: readonly Package[]): Package[] {
  const ordered = new Set<Package>();
  const isReady = (owner: Package): boolean => !isPlaceholder(owner) && neighbours(owner).every(isReady);
  const neighbours = ({ manifest }: Package): Package[] =>
    packages.filter(({ name }) => manifest.dependencies?.[name] !== undefined);
  const add = (owner: Package): void => {
    neighbours(owner).forEach(add);
    ordered.add(owner);
  };
  packages.filter(isReady).forEach(add);
  return [...ordered];
}

async function checkPackages(folder: string): Promise<void> {
  const { packages } = createWorkspace(readWorkspaceFiles(ROOT));
  const ready = packagesInBuildOrder(packages);
  for (const { name } of packages.filter((owner) => !ready.includes(owner)))
    console.log(`${name}: left out, still empty`);
  const tarballs = new Map<Package, string>();
  for (const owner of ready)
    tarballs.set(owner, await step(`pack ${owner.name}`, () => pack(owner, ROOT, folder)));
  await step('publint, attw', () =>
    Promise.all([...tarballs.values()].map((tarball) => lintTarball(tarball, folder))),
  );
  const consumer = await step('install', () => createConsumer(join(folder, 'consumer'), tarballs, ROOT));
  await step('import every sub-path', () => importEverything(consumer));
  await step('run the README examples', () => runExamples(consumer));
  await step('check the types', () => checkTypes(consumer));
  await step('run the commands', () => runCommands(consumer));
}

async function step<T>(name: string, task: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await task();
  console.log(`packages: ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  return result;
}

if (import.meta.main) {
  const folder = await mkdtemp(join(tmpdir(), 'minitorrent-packages-'));
  try {
    await checkPackages(folder);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  } finally {
    await rm(folder, { recursive: true });
  }
}
