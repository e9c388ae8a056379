/**
 * The workspace as the rules see it: packages, their manifests and the facts of their modules, all from text.
 *
 * Made from a map of paths to texts, so that a test can hold a whole workspace in a few lines; `readWorkspaceFiles` is
 * the only part that touches the disk. Paths are relative to the root and written with `/`.
 */
import { globSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { type ModuleFacts, parseModule } from './parse-module.ts';

export interface Workspace {
  readonly packages: readonly Package[];
  /** What the root's package.json offers to every package's tests and configuration. */
  readonly sharedDependencies: ReadonlySet<string>;
}

export interface Package {
  readonly name: string;
  /** `packages/wire-codec` */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly manifestText: string;
  readonly modules: readonly Module[];
}

export interface Module extends ModuleFacts {
  /** `packages/wire-codec/src/frame.ts` */
  readonly path: string;
  /** Whether it is published code; tests, benches and configuration are not. */
  readonly isSource: boolean;
}

export interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly bin?: Readonly<Record<string, string>>;
  readonly exports?: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

/** One thing to mend: where, what is wrong, and what to do. */
export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly message: string;
}

/** Reads what `createWorkspace` wants to see of the repository at `root`. */
export function readWorkspaceFiles(root: string): ReadonlyMap<string, string> {
  const patterns = ['package.json', '{packages,apps}/*/package.json', '{packages,apps}/*/**/*.ts'];
  const exclude = ['**/node_modules', '**/dist', '**/coverage', '**/.*'];
  const paths = globSync(patterns, { cwd: root, exclude }).map((path) => path.replaceAll('\\', '/'));
  return new Map(paths.sort().map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

export function createWorkspace(files: ReadonlyMap<string, string>): Workspace {
  const folders = [...files.keys()].flatMap(
    (path) => /^((?:packages|apps)\/[^/]+)\/package\.json$/.exec(path)?.[1] ?? [],
  );
  return {
    packages: folders.map((folder) => createPackage(folder, files)),
    sharedDependencies: new Set(Object.keys(readManifest(files, 'package.json').devDependencies ?? {})),
  };
}

function createPackage(folder: string, files: ReadonlyMap<string, string>): Package {
  const manifestPath = `${folder}/package.json`;
  const manifest = readManifest(files, manifestPath);
  const modules = [...files]
    .filter(([path]) => path.startsWith(`${folder}/`) && path.endsWith('.ts'))
    .map(([path, text]) => ({
      path,
      isSource: path.startsWith(`${folder}/src/`),
      ...parseModule(path, text),
    }));
  return { name: manifest.name, folder, manifest, manifestText: files.get(manifestPath) ?? '', modules };
}

function readManifest(files: ReadonlyMap<string, string>, path: string): Manifest {
  // The package managers refuse a manifest of another shape before this script sees it.
  return JSON.parse(files.get(path) ?? '{}') as Manifest;
}

/** The module files that `package.json` publishes, by sub-path: `{ './tcp': 'packages/rpc-core/src/tcp.ts' }`. */
export function entryModules({ folder, manifest }: Package): ReadonlyMap<string, string> {
  const entries = Object.entries(manifest.exports ?? {}).flatMap(([subPath, target]) => {
    const source = typeof target === 'string' ? undefined : target['@minitorrent/source'];
    return source === undefined ? [] : [[subPath, posix.join(folder, source)] as const];
  });
  return new Map(entries);
}

/** Whether nothing was written yet: the main module is missing, or says only `export {};`. */
export function isPlaceholder({ folder, modules }: Package): boolean {
  const main = modules.find(
    ({ path }) => path === `${folder}/src/index.ts` || path === `${folder}/src/main.ts`,
  );
  return main === undefined || (main.imports.length === 0 && main.bodyLine === undefined);
}

/** The path that a relative import leads to; undefined for a package's name. */
export function resolveRelative(from: Module, specifier: string): string | undefined {
  return /^\.{1,2}\//.test(specifier) ? posix.join(posix.dirname(from.path), specifier) : undefined;
}

/** `@minitorrent/tracker/contract` is the sub-path `./contract` of `@minitorrent/tracker`. */
export function splitSpecifier(specifier: string): { readonly name: string; readonly subPath: string } {
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  return { name, subPath: `.${specifier.slice(name.length)}` };
}
