import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig({
  ...base,
  // The worker is loaded by its URL, so it is an entry of its own, beside the bundle.
  entry: {
    index: 'src/index.ts',
    'contract-tests': 'src/contract-tests.ts',
    'hash-worker': 'src/shell/hash-worker.ts',
  },
  onSuccess: 'tsc -p tsconfig.build.json',
});
