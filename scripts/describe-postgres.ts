/** Tests that need the PostgreSQL of `postgres-cluster.ts`. */
import { describe, it } from 'vitest';
import { hasPostgres } from './postgres-cluster.ts';

/** `describe`, where there is a PostgreSQL. Elsewhere it says so, and in CI that is a failure. */
export function describePostgres(name: string, tests: () => void): void {
  if (hasPostgres) {
    describe(name, tests);
    return;
  }
  const missing = 'PostgreSQL is not installed: apt-get install postgresql';
  if (process.env.CI !== undefined) {
    describe(name, () => {
      it('has a PostgreSQL to run on', () => {
        throw new Error(missing);
      });
    });
    return;
  }
  process.stderr.write(`\nSKIPPED ${name}: ${missing}\n`);
  describe.skip(name, tests);
}
