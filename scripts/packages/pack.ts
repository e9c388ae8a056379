/** Builds and packs a package as publishing it would, and looks at the result with publint and attw. */
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Package } from '../floors/workspace.ts';
import { run } from './run.ts';

/** The pnpm that wrote the lockfile, for whoever runs the script without one. */
const PNPM_BY_NPX = ['npx', '-y', 'pnpm@12.21.0'] as const;

/** Packs `owner`, of the repository at `root`, which builds it first; answers the tarball's path, somewhere below `folder`. */
export async function pack(owner: Package, root: string, folder: string): Promise<string> {
  const destination = join(folder, owner.folder);
  await mkdir(destination, { recursive: true });
  const isInsidePnpm = process.env.npm_config_user_agent?.startsWith('pnpm/') === true;
  const [command, ...args] = isInsidePnpm ? (['pnpm'] as const) : PNPM_BY_NPX;
  await run(command, [...args, 'pack', '--pack-destination', destination], join(root, owner.folder));
  const [tarball, ...others] = await readdir(destination);
  if (tarball === undefined || others.length > 0)
    throw new Error(`Cannot find the one tarball of ${owner.name}`);
  return join(destination, tarball);
}

/** Fails if a user of the packed package would meet wrong exports, missing files or types that do not resolve. */
export async function lintTarball(tarball: string, folder: string): Promise<void> {
  await run('publint', ['run', tarball, '--strict'], folder);
  await run('attw', [tarball, '--profile', 'esm-only', '--no-emoji', '--no-color'], folder);
}
