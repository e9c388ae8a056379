/**
 * Checks the shape of the house: floors, cycles, declared dependencies, and cores that do not touch the world.
 *
 * `node scripts/check-floors.ts [root]` prints one line for each violation, with what to do, and exits with 1 if there is any.
 * It needs no build and changes nothing.
 */
import { checkCores } from './floors/core-rule.ts';
import { checkCycles } from './floors/cycle-rule.ts';
import { checkDependencies } from './floors/dependency-rule.ts';
import { checkFloors } from './floors/floor-rule.ts';
import { createWorkspace, readWorkspaceFiles, type Violation, type Workspace } from './floors/workspace.ts';

/** All violations of all rules, in the order of their places. */
export function checkWorkspace(workspace: Workspace): Violation[] {
  return [checkFloors, checkCycles, checkDependencies, checkCores]
    .flatMap((check) => check(workspace))
    .sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

if (import.meta.main) {
  const workspace = createWorkspace(readWorkspaceFiles(process.argv[2] ?? `${import.meta.dirname}/..`));
  const violations = checkWorkspace(workspace);
  for (const { path, line, message } of violations) console.log(`${path}:${line} ${message}`);
  const modules = workspace.packages.reduce((sum, owner) => sum + owner.modules.length, 0);
  if (violations.length === 0)
    console.log(`floors: ${workspace.packages.length} packages, ${modules} modules, all in order`);
  else process.exitCode = 1;
}
