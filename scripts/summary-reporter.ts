/**
 * Ends a test run with one line that a person and a script can read: `8 passed, 0 failed`, and `, 1 skipped` if any.
 *
 * A file that does not load, a hook that fails and an error that no test owns count as failed: the line never says
 * `0 failed` after a run in which something broke. Coverage below its threshold is not a test; only the exit code tells.
 * Where tests get a second try, those that needed it are named above the line: each is a defect to be found.
 */
import type { Reporter, TestModule } from 'vitest/node';

export interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Prints the summary when the process ends, so that it stands below the other reporters and the coverage table. */
export function createSummaryReporter(): Reporter {
  let lines: readonly string[] = [];
  return {
    onInit() {
      process.once('exit', () => {
        for (const line of lines) process.stdout.write(`${line}\n`);
      });
    },
    onTestRunEnd(modules, unhandledErrors) {
      const summary = formatSummary(summarize(modules, unhandledErrors.length));
      lines = [...secondTries(modules), summary];
    },
  };
}

/** Counts the tests of `modules`, and what broke outside of a test. */
export function summarize(modules: readonly TestModule[], unhandledErrors: number): Summary {
  const tests = modules.flatMap((module) => [...module.children.allTests()]);
  const count = (state: string): number => tests.filter((test) => test.result().state === state).length;
  const suites = modules.flatMap((module) => [module, ...module.children.allSuites()]);
  const broken = suites.filter((suite) => suite.errors().length > 0).length;
  return {
    passed: count('passed'),
    failed: count('failed') + broken + unhandledErrors,
    skipped: count('skipped'),
  };
}

/** A line for each test that failed at first and passed then. */
function secondTries(modules: readonly TestModule[]): readonly string[] {
  return modules
    .flatMap((module) => [...module.children.allTests()])
    .filter((test) => test.diagnostic()?.flaky === true)
    .map(
      (test) =>
        `failed at first, and passed at the second try: ${test.module.relativeModuleId} > ${test.fullName}`,
    );
}

export function formatSummary({ passed, failed, skipped }: Summary): string {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;
}
