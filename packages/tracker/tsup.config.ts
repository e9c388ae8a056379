import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig({
  ...base,
  // The worker is loaded by its URL, so it is an entry of its own, beside the bundle.
  entry: {
    index: 'src/index.ts',
    backup: 'src/backup.ts',
    contract: 'src/contract.ts',
    postgres: 'src/postgres.ts',
    testing: 'src/testing.ts',
    witness: 'src/witness.ts',
    'sqlite-journal-worker': 'src/shell/sqlite-journal-worker.ts',
  },
  onSuccess: 'tsc -p tsconfig.build.json',
});
