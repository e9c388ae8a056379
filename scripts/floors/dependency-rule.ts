/**
 * package.json says what the code imports: nothing missing, nothing left over.
 *
 * Sources may import `dependencies` and `peerDependencies`; tests and configuration also `devDependencies` and those of
 * the root. An optional peer must stay out of reach of the main entry, or it is not optional. A package that is still
 * empty may declare what it is going to need.
 */
import { isBuiltin } from 'node:module';
import {
  entryModules,
  isPlaceholder,
  type Manifest,
  type Module,
  type Package,
  resolveRelative,
  splitSpecifier,
  type Violation,
  type Workspace,
} from './workspace.ts';

export function checkDependencies(workspace: Workspace): Violation[] {
  return workspace.packages.flatMap((owner) => [
    ...findUndeclared(owner, workspace.sharedDependencies),
    ...findUnused(owner),
    ...findMandatoryPeers(owner),
  ]);
}

function findUndeclared(owner: Package, shared: ReadonlySet<string>): Violation[] {
  const { dependencies, peerDependencies, devDependencies } = owner.manifest;
  const forSource = new Set([owner.name, ...Object.keys({ ...dependencies, ...peerDependencies })]);
  const forTests = new Set([...forSource, ...Object.keys(devDependencies ?? {}), ...shared]);
  return owner.modules.flatMap((module) =>
    importedPackages(module)
      .filter(({ name }) => !(module.isSource ? forSource : forTests).has(name))
      .map(({ name, line }) => {
        const section = module.isSource ? 'dependencies' : 'devDependencies';
        return {
          path: module.path,
          line,
          message: `imports ${name}, which is not declared; add it to ${section} of ${owner.folder}/package.json`,
        };
      }),
  );
}

function findUnused(owner: Package): Violation[] {
  if (isPlaceholder(owner)) return [];
  const inSource = namesImported(owner.modules.filter(({ isSource }) => isSource));
  const anywhere = namesImported(owner.modules);
  const unused = (section: keyof Manifest, isUsed: (name: string) => boolean): Violation[] =>
    Object.keys(owner.manifest[section] ?? {})
      .filter((name) => !isUsed(name))
      .map((name) => ({
        path: `${owner.folder}/package.json`,
        line: lineOfKey(owner.manifestText, section, name),
        message: `declares ${name} in ${section}, which nothing there imports; remove it`,
      }));
  return [
    ...unused('dependencies', (name) => inSource.has(name)),
    ...unused('peerDependencies', (name) => inSource.has(name)),
    ...unused('devDependencies', (name) => anywhere.has(name) || anywhere.has(typedPackage(name))),
  ];
}

/** An optional peer that the main entry reaches would be missed by everybody who did not install it. */
function findMandatoryPeers(owner: Package): Violation[] {
  const isOptional = (name: string): boolean =>
    owner.manifest.peerDependenciesMeta?.[name]?.optional === true;
  return [...reachable(entryModules(owner).get('.'), owner)].flatMap((module) =>
    importedPackages(module)
      .filter(({ name }) => isOptional(name))
      .map(({ name, line }) => ({
        path: module.path,
        line,
        message: `takes the optional peer ${name} into the main entry; keep it to a sub-path of its own`,
      })),
  );
}

function reachable(path: string | undefined, owner: Package, seen: Set<Module> = new Set()): Set<Module> {
  const module = owner.modules.find((candidate) => candidate.path === path);
  if (module === undefined || seen.has(module)) return seen;
  seen.add(module);
  for (const { specifier } of module.imports) reachable(resolveRelative(module, specifier), owner, seen);
  return seen;
}

function importedPackages(module: Module): { name: string; line: number }[] {
  return module.imports
    .filter(({ specifier }) => !isBuiltin(specifier) && resolveRelative(module, specifier) === undefined)
    .map(({ specifier, line }) => ({ name: splitSpecifier(specifier).name, line }));
}

function namesImported(modules: readonly Module[]): ReadonlySet<string> {
  return new Set(modules.flatMap(importedPackages).map(({ name }) => name));
}

/** `@types/debug` serves whoever imports `debug`, `@types/babel__core` whoever imports `@babel/core`. */
function typedPackage(name: string): string {
  return name.replace(/^@types\//, '').replace(/^(.+)__(.+)$/, '@$1/$2');
}

function lineOfKey(manifestText: string, section: string, name: string): number {
  const lines = manifestText.split('\n');
  const start = lines.findIndex((line) => line.includes(`"${section}"`));
  return lines.findIndex((line, index) => index >= start && line.includes(`"${name}"`)) + 1;
}
