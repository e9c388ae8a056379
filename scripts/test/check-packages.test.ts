import { expect, it } from 'vitest';
import { packagesInBuildOrder } from '../check-packages.ts';
import { createWorkspace } from '../floors/workspace.ts';

function namesInBuildOrder(packages: Record<string, { needs: readonly string[]; main?: string }>): string[] {
  const files = Object.entries(packages).flatMap(([name, { needs, main = 'export const a = 1;' }]) => [
    [
      `packages/${name}/package.json`,
      JSON.stringify({ name, dependencies: Object.fromEntries(needs.map((need) => [need, '1'])) }),
    ] as const,
    [`packages/${name}/src/index.ts`, main] as const,
  ]);
  return packagesInBuildOrder(createWorkspace(new Map(files)).packages).map(({ name }) => name);
}

it('packagesInBuildOrder puts each package after those that it depends on', () => {
  expect(
    namesInBuildOrder({
      app: { needs: ['library', 'elsewhere'] },
      base: { needs: [] },
      library: { needs: ['base'] },
    }),
  ).toEqual(['base', 'library', 'app']);
});

it('packagesInBuildOrder leaves out an empty package and all that stands on it', () => {
  expect(
    namesInBuildOrder({
      app: { needs: ['library'] },
      library: { needs: ['base'], main: 'export {};' },
      base: { needs: [] },
    }),
  ).toEqual(['base']);
});
