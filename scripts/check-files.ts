/**
 * Checks that what is committed works on other machines too: no address in a lockfile, no path of the machines that
 * this was written on in any file.
 *
 * `node scripts/check-files.ts` prints one line for each finding and exits with 1 if there is any.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** In parts, so that this file does not find itself. */
const MACHINE_FOLDERS = [
  ['wo', 'rk'],
  ['fa', 'rm'],
].map((parts) => parts.join(''));

const MACHINE_PATH = new RegExp(`(?<![.a-z0-9])/(?:${MACHINE_FOLDERS.join('|')})/`, 'i');
const ADDRESS = /https?:\/\//i;

/** The findings in the files of `texts`, by path, each as `file:line what, and what to do`. */
export function findProblems(texts: ReadonlyMap<string, string>): string[] {
  return [...texts].flatMap(([path, text]) =>
    text.split('\n').flatMap((line, index) => {
      const message = describeProblem(path, line);
      return message === undefined ? [] : [`${path}:${index + 1} ${message}`];
    }),
  );
}

function describeProblem(path: string, line: string): string | undefined {
  if (path === 'pnpm-lock.yaml') {
    return ADDRESS.test(line)
      ? 'locks an address; remove the registry from the configuration and install again'
      : undefined;
  }
  // What npm writes beside a version unless it is told to omit it.
  if (path.endsWith('package-lock.json') && line.includes('"resolved"')) {
    return 'locks an address; install with omit-lockfile-registry-resolved';
  }
  return MACHINE_PATH.test(line) ? 'names a path of one machine; make it relative' : undefined;
}

function readCommittedFiles(root: string): Map<string, string> {
  const paths = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' })
    .split('\0')
    .filter(Boolean);
  const present = paths.filter((path) => existsSync(join(root, path)));
  return new Map(present.map((path) => [path, readFileSync(join(root, path), 'utf8')]));
}

if (import.meta.main) {
  const texts = readCommittedFiles(join(import.meta.dirname, '..'));
  const problems = findProblems(texts);
  for (const problem of problems) console.log(problem);
  if (problems.length === 0) console.log(`files: ${texts.size} committed files, all in order`);
  else process.exitCode = 1;
}
