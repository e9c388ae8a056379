/**
 * The peers that come from npm, which have a folder and a lockfile of their own: nothing else of the project depends on
 * them. They are installed when a figure first needs them, and are missing where that fails.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const FOLDER = join(import.meta.dirname, '../peers');
/** Written by npm as the last step of an installation. */
const INSTALLED = join(FOLDER, 'node_modules/.package-lock.json');
const INSTALL_MS = 5 * 60_000;

export interface NpmPeer {
  readonly version: string;
  /** Where its package lies. */
  readonly folder: string;
}

/** The versions of `names`, or why they are missing. */
export async function findNpmPeers<Name extends string>(
  names: readonly Name[],
  say: (line: string) => void,
): Promise<{ readonly found: Record<Name, NpmPeer> } | { readonly missing: readonly string[] }> {
  try {
    if (!existsSync(INSTALLED)) await install(say);
    const peers = await Promise.all(names.map(async (name) => [name, await describePeer(name)] as const));
    // Every name has its entry.
    return { found: Object.fromEntries(peers) as Record<Name, NpmPeer> };
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    return { missing: names.map((name) => `${name} (npm install in bench/peers: ${reason})`) };
  }
}

async function install(say: (line: string) => void): Promise<void> {
  say('installing the peers from npm');
  // Not `npm ci`, which refuses a lockfile without addresses; this installs what is locked and leaves the file as it is.
  // Lifecycle scripts only build what is faster, and none of these peers needs one.
  const args = ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
  await promisify(execFile)('npm', args, { cwd: FOLDER, timeout: INSTALL_MS });
}

async function describePeer(name: string): Promise<NpmPeer> {
  const folder = join(FOLDER, 'node_modules', name);
  const { version } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'));
  return { version: String(version), folder };
}

/**
 * The CommonJS module at `path` below node_modules, of which `T` is what the bench uses. Types of a package that may not be there
 * cannot be imported: the caller states them, and a wrong one fails in the first round.
 */
export function requireNpmPeer<T>(path: string): T {
  return createRequire(import.meta.url)(join(FOLDER, 'node_modules', path));
}

/** The same for a module that is none of CommonJS; `path` names its file. */
export function importNpmPeer<T>(path: string): Promise<T> {
  return import(pathToFileURL(join(FOLDER, 'node_modules', path)).href);
}
