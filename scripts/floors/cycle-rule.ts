/**
 * No module imports itself by way of others.
 *
 * Types count too: two files that need each other's types are one idea, or hide a third. A cycle is reported once, at
 * the import that closes it.
 */
import { type Module, type Package, resolveRelative, type Violation, type Workspace } from './workspace.ts';

export function checkCycles(workspace: Workspace): Violation[] {
  return workspace.packages.flatMap(findCycles);
}

/** A depth-first walk: an import that leads back to a module on the way here closes a cycle. */
function findCycles({ folder, modules }: Package): Violation[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  const finished = new Set<Module>();
  const way: Module[] = [];
  const violations: Violation[] = [];

  const walk = (module: Module): void => {
    way.push(module);
    for (const { specifier, line } of module.imports) {
      const target = byPath.get(resolveRelative(module, specifier) ?? '');
      if (target === undefined || finished.has(target)) continue;
      if (way.includes(target))
        violations.push(describe([...way.slice(way.indexOf(target)), target], module, line));
      else walk(target);
    }
    way.pop();
    finished.add(module);
  };

  const describe = (cycle: readonly Module[], { path }: Module, line: number): Violation => {
    const names = cycle.map((module) => module.path.slice(folder.length + 1)).join(' -> ');
    return {
      path,
      line,
      message: `closes a circle of imports: ${names}; move what both sides need into a file of its own`,
    };
  };

  for (const module of modules) if (!finished.has(module)) walk(module);
  return violations;
}
