import type { TestProjectConfiguration } from 'vitest/config';

/** The test projects: every package and app is one, the scripts and the benches; each inherits the rest from vitest.config.ts. */
const projects: TestProjectConfiguration[] = [
  project('wire-codec', 'packages/wire-codec'),
  project('rpc-core', 'packages/rpc-core'),
  project('chunk-store', 'packages/chunk-store'),
  project('tracker', 'packages/tracker'),
  project('peer', 'packages/peer'),
  project('cli', 'apps/cli'),
  project('scripts', 'scripts'),
  project('bench', 'bench'),
];

export default projects;

function project(name: string, folder: string): TestProjectConfiguration {
  return { extends: true, root: `${import.meta.dirname}/${folder}`, test: { name } };
}
