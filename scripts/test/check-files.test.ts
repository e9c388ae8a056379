import { expect, it } from 'vitest';
import { findProblems } from '../check-files.ts';

const problemsOf = (path: string, text: string): string[] => findProblems(new Map([[path, text]]));
/** Put together here, or this file would be found itself. */
const machinePath = ['', 'work', 'x'].join('/');

it('findProblems finds a path of the machine, wherever it stands', () => {
  for (const text of [machinePath, `see ${machinePath}`, `'${machinePath}'`, `file://${machinePath}`]) {
    expect(problemsOf('docs/a.md', `first line\n${text}`)).toEqual([
      'docs/a.md:2 names a path of one machine; make it relative',
    ]);
  }
});

it('findProblems accepts a folder of that name elsewhere', () => {
  expect(
    problemsOf('docs/a.md', `home${machinePath} .${machinePath} https://example.com${machinePath}`),
  ).toEqual([]);
});

it('findProblems finds an address in a lockfile, and only there', () => {
  expect(problemsOf('a/package-lock.json', '"resolved": "https://example.com/a.tgz"')).toHaveLength(1);
  expect(problemsOf('a/package-lock.json', '"url": "https://example.com/fund-us"')).toEqual([]);
  expect(problemsOf('pnpm-lock.yaml', 'a:\n  tarball: https://example.com/a.tgz')).toHaveLength(1);
  expect(problemsOf('README.md', 'https://example.com')).toEqual([]);
});
