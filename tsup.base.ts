import type { Options } from 'tsup';

/** What every package's build has in common; the declarations come from `tsc`, because tsup's need the TypeScript 6 API. */
export const base: Options = {
  entry: ['src/index.ts'],
  format: ['esm'],
  target: 'node24',
  platform: 'node',
  sourcemap: true,
  clean: true,
  dts: false,
  // tsup strips "node:" by default, and then "node:sqlite" is gone.
  removeNodeProtocol: false,
};
