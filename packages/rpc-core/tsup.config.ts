import { defineConfig } from 'tsup';
import { base } from '../../tsup.base.ts';

export default defineConfig({
  ...base,
  entry: ['src/index.ts', 'src/identity.ts', 'src/tcp.ts', 'src/tls.ts', 'src/memory.ts', 'src/testing.ts'],
  onSuccess: 'tsc -p tsconfig.build.json',
});
