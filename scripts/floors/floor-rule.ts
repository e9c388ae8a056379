/**
 * A package imports only from lower floors, and only what a package publishes.
 *
 * The table is the architecture in one place: change it only together with ARCHITECTURE.md. Tests may use any package
 * below theirs, whole: a peer's test needs a real tracker. No module reaches into another package's files.
 */
import { isBuiltin } from 'node:module';
import type { ImportFact } from './parse-module.ts';
import {
  type Module,
  type Package,
  resolveRelative,
  splitSpecifier,
  type Violation,
  type Workspace,
} from './workspace.ts';

interface Floor {
  readonly level: number;
  /** What the sources may import of this workspace. A pattern limits the names that may be more than types. */
  readonly mayImport: Readonly<Record<string, RegExp | 'everything'>>;
}

const ANY = 'everything';
/** What of a package's types still exists at run time: their codecs, their checks and their limits. */
const TYPES_AND_THEIR_CODECS = /(?:Codec|^(?:check|is)[A-Z]\w*|^[A-Z][A-Z0-9_]*)$/;

const FLOORS: Readonly<Record<string, Floor>> = {
  '@minitorrent/wire-codec': { level: 0, mayImport: {} },
  '@minitorrent/rpc-core': { level: 1, mayImport: { '@minitorrent/wire-codec': ANY } },
  '@minitorrent/chunk-store': { level: 1, mayImport: { '@minitorrent/wire-codec': ANY } },
  '@minitorrent/tracker': {
    level: 2,
    mayImport: {
      '@minitorrent/wire-codec': ANY,
      '@minitorrent/rpc-core': ANY,
      '@minitorrent/chunk-store': TYPES_AND_THEIR_CODECS,
    },
  },
  '@minitorrent/peer': {
    level: 3,
    mayImport: {
      '@minitorrent/wire-codec': ANY,
      '@minitorrent/rpc-core': ANY,
      '@minitorrent/chunk-store': ANY,
      '@minitorrent/tracker/contract': ANY,
    },
  },
  '@minitorrent/cli': {
    level: 4,
    mayImport: {
      '@minitorrent/wire-codec': ANY,
      '@minitorrent/rpc-core': ANY,
      '@minitorrent/chunk-store': ANY,
      '@minitorrent/tracker': ANY,
      '@minitorrent/peer': ANY,
    },
  },
};

export function checkFloors(workspace: Workspace): Violation[] {
  return workspace.packages.flatMap((owner) => checkPackage(owner, workspace));
}

function checkPackage(owner: Package, workspace: Workspace): Violation[] {
  const floor = FLOORS[owner.name];
  if (floor === undefined) {
    const message = `${owner.name} stands on no floor; give it one in scripts/floors/floor-rule.ts and ARCHITECTURE.md`;
    return [{ path: `${owner.folder}/package.json`, line: 1, message }];
  }
  return owner.modules.flatMap((module) =>
    module.imports.flatMap((imported) => {
      const message = checkImport({ imported, module, owner, floor, workspace });
      return message === undefined ? [] : [{ path: module.path, line: imported.line, message }];
    }),
  );
}

interface ImportInPlace {
  readonly imported: ImportFact;
  readonly module: Module;
  readonly owner: Package;
  readonly floor: Floor;
  readonly workspace: Workspace;
}

function checkImport(place: ImportInPlace): string | undefined {
  const target = resolveRelative(place.module, place.imported.specifier);
  return target === undefined ? checkName(place) : checkPath(target, place);
}

function checkPath(
  target: string,
  { imported, module, owner, workspace }: ImportInPlace,
): string | undefined {
  const other = workspace.packages.find(
    ({ folder }) => folder !== owner.folder && target.startsWith(`${folder}/`),
  );
  if (other !== undefined) {
    return `reaches into ${other.name} with '${imported.specifier}'; import what it publishes, by its name`;
  }
  if (module.isSource && !target.startsWith(`${owner.folder}/src/`)) {
    return `imports '${imported.specifier}' from outside src, which is not published; move it into src`;
  }
  return undefined;
}

function checkName(place: ImportInPlace): string | undefined {
  const { imported, module, owner, floor, workspace } = place;
  const { name, subPath } = splitSpecifier(imported.specifier);
  if (owner.name === '@minitorrent/wire-codec' && module.isSource) return checkLowest(name, place);
  const target = workspace.packages.find((other) => other.name === name);
  if (target === undefined) return undefined;
  if (target.manifest.exports?.[subPath] === undefined) {
    return `reaches into ${name} with '${imported.specifier}', which it does not publish; import what it publishes`;
  }
  if (target === owner) {
    return module.isSource
      ? 'imports its own package by name; import the file by its relative path'
      : undefined;
  }
  const targetLevel = FLOORS[name]?.level ?? Number.POSITIVE_INFINITY;
  if (targetLevel >= floor.level) {
    return `imports ${name}, which is not on a lower floor; move what both need to a lower one, or pass it in`;
  }
  return module.isSource ? checkTable(place) : undefined;
}

function checkTable({ imported, owner, floor }: ImportInPlace): string | undefined {
  const { name } = splitSpecifier(imported.specifier);
  const allowed = floor.mayImport[imported.specifier] ?? floor.mayImport[name];
  if (allowed === undefined) {
    const offers = Object.keys(floor.mayImport).filter((specifier) => specifier.startsWith(`${name}/`));
    return `imports ${imported.specifier}, of which ${owner.name} may see only ${offers.join(', ') || 'nothing'}; use that, or pass it in`;
  }
  const value = allowed === ANY ? undefined : imported.values.find((taken) => !allowed.test(taken));
  if (value === undefined) return undefined;
  return `takes ${value} from ${name}, of which ${owner.name} may see types and codecs; use 'import type', or pass it in`;
}

/** The lowest floor runs anywhere: it imports nothing, save an optional peer that a user asks for by a sub-path. */
function checkLowest(name: string, { imported, owner }: ImportInPlace): string | undefined {
  const isOptionalPeer = owner.manifest.peerDependenciesMeta?.[name]?.optional === true;
  if (isOptionalPeer && !isBuiltin(imported.specifier)) return undefined;
  return `imports ${imported.specifier}, but ${owner.name} imports nothing so that it runs anywhere; do without it, or pass it in`;
}
