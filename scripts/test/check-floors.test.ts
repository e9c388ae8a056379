import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { checkWorkspace } from '../check-floors.ts';
import { createWorkspace } from '../floors/workspace.ts';

type Tree = Readonly<Record<string, string>>;

function manifest(name: string, subPaths: Readonly<Record<string, string>>, rest: object = {}): string {
  const exports = Object.entries(subPaths).map(([key, file]) => [
    key,
    { '@minitorrent/source': `./src/${file}` },
  ]);
  return JSON.stringify(
    { name: `@minitorrent/${name}`, exports: Object.fromEntries(exports), ...rest },
    null,
    2,
  );
}

function dependencies(...names: string[]): { dependencies: Record<string, string> } {
  return { dependencies: Object.fromEntries(names.map((name) => [`@minitorrent/${name}`, 'workspace:^'])) };
}

/** A workspace in which everything is as it should be; each test breaks one thing. */
const HEALTHY: Tree = {
  'package.json': JSON.stringify({ devDependencies: { vitest: '5', tsup: '9' } }),
  'packages/wire-codec/package.json': manifest(
    'wire-codec',
    { '.': 'index.ts', './arbitraries': 'arbitraries.ts' },
    { peerDependencies: { 'fast-check': '4' }, peerDependenciesMeta: { 'fast-check': { optional: true } } },
  ),
  'packages/wire-codec/src/index.ts': `export { encode } from './encode.ts';`,
  'packages/wire-codec/src/encode.ts': 'export const encode = (n: number): number => Math.floor(n);',
  'packages/wire-codec/src/arbitraries.ts': `import fc from 'fast-check';\nimport { encode } from './encode.ts';\nfc(encode);`,
  'packages/wire-codec/test/encode.test.ts': `import { it } from 'vitest';\nimport { encode } from '@minitorrent/wire-codec';`,
  'packages/wire-codec/tsup.config.ts': `import { defineConfig } from 'tsup';\nimport { base } from '../../tsup.base.ts';`,
  'packages/rpc-core/package.json': manifest(
    'rpc-core',
    { '.': 'index.ts', './tcp': 'tcp.ts' },
    dependencies('wire-codec'),
  ),
  'packages/rpc-core/src/index.ts': `export { session } from './session.ts';`,
  'packages/rpc-core/src/session.ts': `import { encode } from '@minitorrent/wire-codec';\nexport const session = encode;`,
  'packages/rpc-core/src/tcp.ts': `export { createTcp } from './shell/tcp-network.ts';`,
  'packages/rpc-core/src/shell/tcp-network.ts': `import { connect } from 'node:net';\nexport const createTcp = () => [connect, Date.now()];`,
  'packages/chunk-store/package.json': manifest(
    'chunk-store',
    { '.': 'index.ts' },
    dependencies('wire-codec'),
  ),
  'packages/chunk-store/src/index.ts': `export { manifestCodec, createStore, checkName } from './manifest.ts';`,
  'packages/chunk-store/src/manifest.ts': `import { encode } from '@minitorrent/wire-codec';\nimport { createHash } from 'node:crypto';`,
  'packages/tracker/package.json': manifest(
    'tracker',
    { '.': 'index.ts', './contract': 'contract.ts' },
    dependencies('rpc-core', 'chunk-store'),
  ),
  'packages/tracker/src/index.ts': `export { contract } from './contract.ts';`,
  'packages/tracker/src/contract.ts': `import { session } from '@minitorrent/rpc-core';
import { checkName, manifestCodec } from '@minitorrent/chunk-store';
import type { Store } from '@minitorrent/chunk-store';`,
  'packages/peer/package.json': manifest('peer', { '.': 'index.ts' }, dependencies('tracker')),
  'packages/peer/src/index.ts': `export { contract } from '@minitorrent/tracker/contract';`,
  'packages/peer/test/swarm.test.ts': `import { createTracker } from '@minitorrent/tracker';`,
  'apps/cli/package.json': manifest('cli', {}, dependencies('tracker', 'peer')),
  'apps/cli/src/main.ts': `import '@minitorrent/tracker';\nimport '@minitorrent/peer';\nconsole.log(process.argv, Date.now());`,
};

function violationsOf(change: Tree): string[] {
  const files = new Map(Object.entries({ ...HEALTHY, ...change }));
  return checkWorkspace(createWorkspace(files)).map(
    ({ path, line, message }) => `${path}:${line} ${message}`,
  );
}

const CORE = 'packages/rpc-core/src/session.ts';
/** The text of a core that does one thing more; on line 2, so that a wrong line shows. */
const coreWith = (code: string): Tree => ({
  [CORE]: `import { encode } from '@minitorrent/wire-codec';\n${code}`,
});

describe('checkWorkspace', () => {
  it('has nothing to say of a healthy workspace', () => {
    expect(violationsOf({})).toEqual([]);
  });

  it('says where, what, and what to do', () => {
    expect(violationsOf(coreWith('export const now = Date.now();'))).toEqual([
      'packages/rpc-core/src/session.ts:2 is a core and uses Date.now; take the time as an argument',
    ]);
  });

  it('runs as a script, which prints the violations and exits with 1', async () => {
    const root = await mkdtemp(join(tmpdir(), 'check-floors-test-'));
    try {
      const files = {
        ...HEALTHY,
        ...coreWith('fetch("x");'),
        'packages/rpc-core/dist/old.ts': 'fetch("x");',
      };
      for (const [path, text] of Object.entries(files)) {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), text);
      }
      expect(await runScript(root)).toEqual({
        code: 1,
        stdout: `${CORE}:2 is a core and uses fetch; let a shell do it\n`,
      });
      await writeFile(join(root, CORE), HEALTHY[CORE] ?? '');
      expect(await runScript(root)).toEqual({
        code: 0,
        stdout: 'floors: 6 packages, 16 modules, all in order\n',
      });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});

describe('checkFloors', () => {
  it.each([
    [
      'an import from a higher floor',
      coreWith(`import '@minitorrent/peer';`),
      /session.ts:2 imports @minitorrent\/peer, which is not on a lower floor/,
    ],
    [
      'an import from the same floor',
      coreWith(`import type { Store } from '@minitorrent/chunk-store';`),
      /not on a lower floor/,
    ],
    [
      'an upward import in a test',
      { 'packages/tracker/test/a.test.ts': `import '@minitorrent/peer';` },
      /not on a lower floor/,
    ],
    [
      'more of the tracker than its contract in peer',
      { 'packages/peer/src/a.ts': `import type { T } from '@minitorrent/tracker';` },
      /may see only @minitorrent\/tracker\/contract/,
    ],
    [
      'a store that the tracker runs',
      { 'packages/tracker/src/a.ts': `import { createStore } from '@minitorrent/chunk-store';` },
      /takes createStore .* types and codecs/,
    ],
    [
      'all of the store in the tracker',
      { 'packages/tracker/src/a.ts': `import * as store from '@minitorrent/chunk-store';` },
      /takes \* from/,
    ],
    [
      'its own package by name',
      coreWith(`export { createTcp } from '@minitorrent/rpc-core/tcp';`),
      /by its relative path/,
    ],
    [
      'a relative path into another package',
      coreWith(`export * from '../../wire-codec/src/encode.ts';`),
      /reaches into @minitorrent\/wire-codec/,
    ],
    [
      'a relative path into another package from a test',
      { 'packages/rpc-core/test/a.test.ts': `import '../../wire-codec/src/encode.ts';` },
      /reaches into/,
    ],
    [
      'a sub-path that is not published',
      coreWith(`import type { A } from '@minitorrent/wire-codec/src/encode.ts';`),
      /does not publish/,
    ],
    [
      'a source that imports from outside src',
      coreWith(`import { helper } from '../test/helper.ts';`),
      /outside src/,
    ],
    [
      'any import in wire-codec',
      { 'packages/wire-codec/src/encode.ts': `import { createHash } from 'node:crypto';` },
      /imports nothing so that it runs anywhere/,
    ],
    [
      'a package without a floor',
      { 'packages/attic/package.json': manifest('attic', {}) },
      /attic\/package.json:1 .* stands on no floor/,
    ],
  ])('reports %s', (_what, change, expected) => {
    expect(violationsOf(change).join('\n')).toMatch(expected);
  });
});

describe('checkCycles', () => {
  it('reports a circle at the import that closes it', () => {
    const change = {
      'packages/rpc-core/src/a.ts': `import { b } from './b.ts';`,
      'packages/rpc-core/src/b.ts': `// second\nexport { c } from './deep/c.ts';`,
      'packages/rpc-core/src/deep/c.ts': `import type { A } from '../a.ts';`,
    };
    expect(violationsOf(change)).toEqual([
      'packages/rpc-core/src/deep/c.ts:1 closes a circle of imports: src/a.ts -> src/b.ts -> src/deep/c.ts -> src/a.ts; ' +
        'move what both sides need into a file of its own',
    ]);
  });

  it('reports a module that imports itself', () => {
    expect(violationsOf({ 'packages/rpc-core/src/a.ts': `import('./a.ts');` }).join()).toMatch(
      /src\/a.ts -> src\/a.ts/,
    );
  });

  it('accepts two ways to the same module', () => {
    const change = {
      'packages/rpc-core/src/a.ts': `import './b.ts';\nimport './c.ts';`,
      'packages/rpc-core/src/b.ts': `import './c.ts';`,
      'packages/rpc-core/src/c.ts': 'export {};',
    };
    expect(violationsOf(change)).toEqual([]);
  });
});

describe('checkDependencies', () => {
  const rpcCore = (rest: object): Tree => ({
    'packages/rpc-core/package.json': manifest(
      'rpc-core',
      { '.': 'index.ts', './tcp': 'tcp.ts' },
      { ...dependencies('wire-codec'), ...rest },
    ),
  });

  it.each([
    [
      'an undeclared import in a source',
      coreWith(`import ms from 'ms/deep';`),
      /session.ts:2 imports ms, .* add it to dependencies/,
    ],
    ['an import type of an undeclared package', coreWith(`export type M = import('ms').M;`), /imports ms/],
    [
      'a source that lives on a devDependency',
      { ...coreWith(`import ms from 'ms';`), ...rpcCore({ devDependencies: { ms: '1' } }) },
      /imports ms/,
    ],
    [
      'an undeclared import in a test',
      { 'packages/rpc-core/test/a.test.ts': `import 'ms';` },
      /add it to devDependencies/,
    ],
    [
      'a dependency that nobody imports',
      rpcCore({ dependencies: { '@minitorrent/wire-codec': '1', debug: '4' } }),
      /package.json:13 declares debug in dependencies/,
    ],
    [
      'a dependency that only a test imports',
      {
        ...rpcCore({ dependencies: { '@minitorrent/wire-codec': '1', ms: '4' } }),
        'packages/rpc-core/test/a.test.ts': `import 'ms';`,
      },
      /declares ms/,
    ],
    [
      'a peer dependency that nobody imports',
      rpcCore({ peerDependencies: { ms: '1' } }),
      /declares ms in peerDependencies/,
    ],
    [
      'a devDependency that nobody imports',
      rpcCore({ devDependencies: { ms: '1' } }),
      /declares ms in devDependencies/,
    ],
    [
      'types for what nobody imports',
      rpcCore({ devDependencies: { '@types/ms': '1' } }),
      /declares @types\/ms/,
    ],
    [
      'an optional peer within reach of the main entry',
      { 'packages/wire-codec/src/encode.ts': `import type { Arbitrary } from 'fast-check';` },
      /encode.ts:1 takes the optional peer fast-check/,
    ],
  ])('reports %s', (_what, change, expected) => {
    expect(violationsOf(change).join('\n')).toMatch(expected);
  });

  it('accepts types for what is imported, and a devDependency that a test imports', () => {
    const change = rpcCore({
      devDependencies: { '@types/ms': '1', '@types/some__where': '1', ms: '1', '@some/where': '1' },
    });
    expect(
      violationsOf({ ...change, 'packages/rpc-core/test/a.test.ts': `import 'ms';\nimport '@some/where';` }),
    ).toEqual([]);
  });

  it('lets an empty package declare what it is going to need', () => {
    const change = { 'packages/peer/src/index.ts': 'export {};', 'packages/peer/test/swarm.test.ts': '' };
    expect(violationsOf(change)).toEqual([]);
  });
});

describe('checkCores', () => {
  it.each([
    'Date.now()',
    'new Date()',
    'performance.now()',
    'Math.random()',
    `Math['random']()`,
    'const { random } = Math;',
    'setTimeout(() => {}, 1)',
    'setInterval(() => {}, 1)',
    'setImmediate(() => {})',
    'queueMicrotask(() => {})',
    'AbortSignal.timeout(5)',
    'process.env',
    'console.log(1)',
    'fetch("x")',
    'crypto.getRandomValues(a)',
    'globalThis.Date.now()',
    `globalThis['process']`,
    'const { setTimeout } = globalThis;',
    'declare const process: { pid: number }; process.pid',
    'function f(now = Date.now()) {}',
    'class A { b = process.pid }',
    'const a = { [process.pid]: 1 };',
    'const a = { process };',
    'const a = (Date as unknown as Fake).now();',
    'export { console };',
    '{ const process = 1; } process.pid',
    `import 'node:fs';`,
    `import { connect } from 'net';`,
    `import type { Server } from 'node:net';`,
    `import { randomBytes } from 'node:crypto';`,
    `import * as crypto2 from 'node:crypto';`,
    `const c = await import('node:crypto');`,
    `import { createTcp } from './shell/tcp-network.ts';`,
    `import { type Tcp } from './shell/tcp-network.ts';`,
    `export * from './shell/tcp-network.ts';`,
    `import { createTcp } from './tcp.ts';`,
  ])('reports %s', (code) => {
    expect(violationsOf(coreWith(code)).join('\n')).toMatch(
      /^packages\/rpc-core\/src\/session.ts:2 is a core and /,
    );
  });

  it('reports debug, declared or not', () => {
    expect(violationsOf(coreWith(`import debug from 'debug';`)).join('\n')).toMatch(
      /session.ts:2 is a core and imports debug/,
    );
  });

  it.each([
    'function f(process: number, fetch: () => void) { fetch(); return process; }',
    'const f = ({ a: { crypto }, b: [console], ...process }) => [crypto, console, process];',
    'for (const process of list) use(process);',
    'try {} catch (process) { use(process); }',
    'const a = { process: 1, fetch() {} }; a.process; a.fetch();',
    'class A { process = 1; fetch() { return this.process; } }',
    'interface A { process: Date; fetch(): Promise<Date> } type T = typeof Date;',
    'function f(at: Date): Date { return at; }',
    '// Date.now()\nconst text = "Math.random()";',
    'switch (a) { case 1: { const fetch = 1; use(fetch); } }',
    'process: for (;;) { break process; }',
    'Math.max(1, Math.floor(2)); AbortSignal.any([]);',
    `import { createHash, hash, timingSafeEqual } from 'node:crypto';`,
    `import type { Hash } from 'node:crypto';`,
    `import type { Tcp } from './shell/tcp-network.ts';`,
    `import { console } from './index2.ts'; console.log();`,
  ])('accepts %s', (code) => {
    expect(violationsOf(coreWith(code))).toEqual([]);
  });

  it('reports an entry that opens a shell and has code of its own', () => {
    const tcp = `export { createTcp } from './shell/tcp-network.ts';\n\nexport const port = 1;`;
    expect(violationsOf({ 'packages/rpc-core/src/tcp.ts': tcp })).toEqual([
      'packages/rpc-core/src/tcp.ts:3 is an entry that opens a shell and has code of its own; move the code into a file of its own',
    ]);
  });

  it('lets shells and apps touch the world', () => {
    const shell = {
      'packages/rpc-core/src/shell/clock.ts': 'export const now = () => [Date.now(), process.hrtime()];',
    };
    expect(violationsOf(shell)).toEqual([]);
  });
});

function runScript(root: string): Promise<{ code: unknown; stdout: string }> {
  const script = fileURLToPath(new URL('../check-floors.ts', import.meta.url));
  return new Promise((resolve) => {
    execFile(process.execPath, [script, root], (error, stdout) =>
      resolve({ code: error?.code ?? 0, stdout }),
    );
  });
}
