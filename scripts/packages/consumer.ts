/**
 * A project of somebody else: an empty folder outside the workspace that installs the tarballs and uses them.
 *
 * Here nothing of the workspace helps out: no source condition, no hoisted neighbour, no undeclared dependency. Only what
 * a user brings along (Node's types, the optional peers) is linked from here, so that one download less can fail.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Package } from '../floors/workspace.ts';
import { extractExample, runExampleFile } from '../readme-example.ts';
import { run } from './run.ts';

export interface Consumer {
  readonly folder: string;
  readonly packages: readonly Package[];
}

/** Installs the tarballs, by package, into the empty folder `folder`. */
export async function createConsumer(
  folder: string,
  tarballs: ReadonlyMap<Package, string>,
  root: string,
): Promise<Consumer> {
  const packages = [...tarballs.keys()];
  const dependencies = Object.fromEntries(
    [...tarballs].map(([{ name }, tarball]) => [name, `file:${tarball}`]),
  );
  await mkdir(join(folder, 'examples'), { recursive: true });
  await writeJson(join(folder, 'package.json'), { private: true, type: 'module', dependencies });
  await writeJson(join(folder, 'tsconfig.json'), TSCONFIG);
  await run('npm', ['install', '--prefer-offline', '--no-audit', '--no-fund'], folder);
  const brought = new Map([['@types/node', root]]);
  for (const { manifest, folder: home } of packages) {
    for (const name of Object.keys(manifest.peerDependenciesMeta ?? {})) brought.set(name, join(root, home));
  }
  for (const [name, home] of brought) {
    const link = join(folder, 'node_modules', name);
    // The command has some of them as dependencies of its own.
    if (existsSync(link)) continue;
    await mkdir(dirname(link), { recursive: true });
    await symlink(join(home, 'node_modules', name), link);
  }
  return { folder, packages };
}

/** Imports everything that the packages publish, and fails if one of it is empty. */
export async function importEverything({ folder, packages }: Consumer): Promise<void> {
  const specifiers = packages.flatMap(({ name, manifest }) =>
    Object.keys(manifest.exports ?? {})
      .filter((subPath) => subPath !== './package.json')
      .map((subPath) => name + subPath.slice(1)),
  );
  const code = [
    ...specifiers.map((specifier, index) => `import * as module${index} from '${specifier}';`),
    `const modules: object[] = [${specifiers.map((_, index) => `module${index}`).join(', ')}];`,
    `const empty = modules.findIndex((module) => Object.keys(module).length === 0);`,
    `if (empty !== -1) throw new Error('nothing is exported by import number ' + (empty + 1));`,
  ];
  const file = join(folder, 'examples/import-everything.ts');
  await writeFile(file, code.join('\n'));
  await runExampleFile(file, 'importing every sub-path', { conditions: [] });
}

/** Runs the README example of each library as it was packed. */
export async function runExamples({ folder, packages }: Consumer): Promise<void> {
  for (const { name } of packages.filter(isLibrary)) {
    const readme = await readFile(join(folder, 'node_modules', name, 'README.md'), 'utf8');
    const file = join(folder, 'examples', `${name.replace(/^.*\//, '')}.ts`);
    await writeFile(file, extractExample(readme, `${name}/README.md`));
    await runExampleFile(file, `${name}/README.md`, { conditions: [] });
  }
}

/** Type-checks the examples, and with them the declarations that the packages brought. */
export async function checkTypes({ folder }: Consumer): Promise<void> {
  await run('tsc', ['--project', folder], folder);
}

/** Asks each installed command for its version. */
export async function runCommands({ folder, packages }: Consumer): Promise<void> {
  for (const { manifest } of packages) {
    for (const command of Object.keys(manifest.bin ?? {})) {
      const answer = await run(join(folder, 'node_modules/.bin', command), ['--version'], folder);
      if (!answer.includes(manifest.version)) {
        throw new Error(
          `Cannot accept '${command} --version': it says '${answer.trim()}', expected ${manifest.version}`,
        );
      }
    }
  }
}

function isLibrary({ manifest }: Package): boolean {
  return manifest.bin === undefined;
}

function writeJson(path: string, value: unknown): Promise<void> {
  return writeFile(path, JSON.stringify(value, null, 2));
}

/** What a careful user would write; nothing of the workspace's own settings. */
const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'es2025',
    lib: ['esnext'],
    types: ['node'],
    strict: true,
    noEmit: true,
  },
  include: ['examples'],
};
