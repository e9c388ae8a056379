/**
 * A core never touches the world. Every module of a library's `src` is one, unless it lies under `src/shell/`.
 *
 * Time, timers, randomness, the process, the log and the network come in as arguments, so that a whole swarm runs on a
 * virtual clock. A published entry may be a door to a shell, if it does nothing else; a core goes through no door.
 */
import { isBuiltin } from 'node:module';
import type { GlobalFact, ImportFact } from './parse-module.ts';
import {
  entryModules,
  type Module,
  type Package,
  resolveRelative,
  type Violation,
  type Workspace,
} from './workspace.ts';

const TIME = 'take the time as an argument';
const TIMERS = 'take a Clock and schedule on it';
const RANDOMNESS = 'take a Random as an argument';
const PROCESS = 'let a shell read it and pass it in';
const LOG = 'report it to the caller and let a shell log it';
const NETWORK = 'let a shell do it';

/** Globals, or members of globals, that a core must not use, and what it does instead. */
const FORBIDDEN = new Map([
  ['Date', TIME],
  ['Temporal', TIME],
  ['performance', TIME],
  ['setTimeout', TIMERS],
  ['setInterval', TIMERS],
  ['setImmediate', TIMERS],
  ['clearTimeout', TIMERS],
  ['clearInterval', TIMERS],
  ['clearImmediate', TIMERS],
  ['queueMicrotask', TIMERS],
  ['AbortSignal.timeout', TIMERS],
  ['Math.random', RANDOMNESS],
  ['crypto', RANDOMNESS],
  ['process', PROCESS],
  ['navigator', PROCESS],
  ['require', PROCESS],
  ['console', LOG],
  ['fetch', NETWORK],
  ['WebSocket', NETWORK],
  ['EventSource', NETWORK],
  ['XMLHttpRequest', NETWORK],
  ['Worker', NETWORK],
]);

/** Objects that, taken whole, would hand out what is forbidden under another name. */
const FORBIDDEN_WHOLE = new Set(['Math', 'globalThis', 'global']);

/** Pure functions of `node:crypto`: the same bytes in, the same bytes out. */
const PURE_CRYPTO = new Set(['createHash', 'hash', 'timingSafeEqual']);

export function checkCores(workspace: Workspace): Violation[] {
  return workspace.packages.filter(({ folder }) => folder.startsWith('packages/')).flatMap(checkPackage);
}

function checkPackage(owner: Package): Violation[] {
  const entries = new Set(entryModules(owner).values());
  const sources = owner.modules.filter(({ isSource }) => isSource);
  const shells = new Set(
    sources.map(({ path }) => path).filter((path) => path.startsWith(`${owner.folder}/src/shell/`)),
  );
  const opensShell = (module: Module): boolean =>
    module.imports.some((imported) => loads(imported, module, shells));
  const doors = new Set(
    sources.filter((module) => entries.has(module.path) && opensShell(module)).map(({ path }) => path),
  );
  return sources
    .filter(({ path }) => !shells.has(path))
    .flatMap((module) => (doors.has(module.path) ? checkDoor(module) : checkCore(module, shells, doors)));
}

function loads(imported: ImportFact, module: Module, targets: ReadonlySet<string>): boolean {
  return !imported.typeOnly && targets.has(resolveRelative(module, imported.specifier) ?? '');
}

function checkDoor({ path, imports, bodyLine }: Module): Violation[] {
  const own = imports.flatMap((imported) => describe(path, imported.line, worldly(imported)));
  const message =
    'is an entry that opens a shell and has code of its own; move the code into a file of its own';
  return bodyLine === undefined ? own : [...own, { path, line: bodyLine, message }];
}

function checkCore(module: Module, shells: ReadonlySet<string>, doors: ReadonlySet<string>): Violation[] {
  const { path, imports, globals } = module;
  const inward = (imported: ImportFact): string | undefined => {
    if (loads(imported, module, shells)) {
      return `is a core and loads the shell '${imported.specifier}'; use 'import type', take it as an argument, or move this file to src/shell/`;
    }
    if (!loads(imported, module, doors)) return undefined;
    return `is a core and loads '${imported.specifier}', an entry that opens a shell; import the core file that is meant`;
  };
  return [
    ...imports.flatMap((imported) => describe(path, imported.line, worldly(imported) ?? inward(imported))),
    ...globals.flatMap((use) => describe(path, use.line, forbiddenGlobal(use))),
  ];
}

function describe(path: string, line: number, message: string | undefined): Violation[] {
  return message === undefined ? [] : [{ path, line, message }];
}

function worldly({ specifier, typeOnly, values }: ImportFact): string | undefined {
  if (specifier === 'debug') return `is a core and imports debug; ${LOG}`;
  if (!isBuiltin(specifier)) return undefined;
  if (specifier !== 'node:crypto')
    return `is a core and imports ${specifier}; take what it needs as an argument, or move this file to src/shell/`;
  if (typeOnly) return undefined;
  const impure = values.find((name) => !PURE_CRYPTO.has(name));
  if (impure === undefined) return undefined;
  return `is a core and takes ${impure} from node:crypto; import ${[...PURE_CRYPTO].join(', ')} by name, or take it as an argument`;
}

function forbiddenGlobal({ path }: GlobalFact): string | undefined {
  const [root = '', member] = path;
  if (member === undefined && FORBIDDEN_WHOLE.has(root))
    return `is a core and uses all of ${root}; name the member that is meant`;
  const name = member === undefined ? root : `${root}.${member}`;
  const advice = FORBIDDEN.get(name) ?? FORBIDDEN.get(root);
  return advice === undefined ? undefined : `is a core and uses ${name}; ${advice}`;
}
