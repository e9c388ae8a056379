import { defineConfig } from 'vitest/config';
import { createSummaryReporter } from './scripts/summary-reporter.ts';
import projects from './vitest.workspace.ts';

export default defineConfig({
  // Workspace packages are tested from their TypeScript source, so no build comes first.
  ssr: { resolve: { conditions: ['@minitorrent/source'] } },
  test: {
    projects,
    include: ['test/**/*.test.ts'],
    // Generous, because no test waits for time to pass: this only has to end a test that hangs, on a slow machine too.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    setupFiles: [`${import.meta.dirname}/scripts/patient-waits.ts`],
    expect: { poll: { timeout: 120_000 } },
    // Vitest leaves a core for itself, which on a machine with two is half of it; it has little to do.
    maxWorkers: '100%',
    // In CI a change is judged by thousands of tests, many with real processes and sockets on a machine that others use too:
    // each gets a second try, and whoever needed it is named at the end, to be mended. By hand nobody gets one.
    retry: process.env.CI === undefined ? 0 : 1,
    reporters: ['default', createSummaryReporter()],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**', 'apps/*/src/**'],
      thresholds: {
        'packages/wire-codec/src/**': { lines: 90, branches: 100 },
        'packages/rpc-core/src/**': { lines: 90 },
        'packages/chunk-store/src/**': { lines: 90 },
        'packages/tracker/src/**': { lines: 90 },
        'packages/peer/src/**': { lines: 90 },
        'apps/cli/src/**': { lines: 90 },
      },
    },
  },
});
