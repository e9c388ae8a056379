import { defineConfig } from 'vitest/config';
import projects from './vitest.workspace.ts';

export default defineConfig({
  // Workspace packages are tested from their TypeScript source, so no build comes first.
  ssr: { resolve: { conditions: ['@minitorrent/source'] } },
  test: {
    projects,
    include: ['test/**/*.test.ts'],
    coverage: { provider: 'v8', include: ['packages/*/src/**', 'apps/*/src/**'] },
  },
});
