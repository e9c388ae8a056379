/** Figure `startup`: how much longer `minitorrent --help` and `--version` take than Node.js that does nothing. */
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Figure, Prepared } from '../harness/figure.ts';

/** The program as users install it, with the flag of its first line. */
const PROGRAM = [
  '--max-semi-space-size=1',
  fileURLToPath(new URL('../../apps/cli/dist/main.js', import.meta.url)),
];
const WANTED_MS = 80;
const target = { against: WANTED_MS, ratio: 1 };

export const startup: Figure = {
  id: 'startup',
  title: 'Start of the program, beyond that of Node.js',
  unit: 'helpMs',
  better: 'less',
  rounds: { warmUp: 2, short: 15, long: 50 },
  targets: [
    { ...target, text: `--help in <= ${WANTED_MS} ms` },
    { ...target, unit: 'versionMs', text: `--version in <= ${WANTED_MS} ms` },
  ],
  async prepare(): Promise<Prepared> {
    const run = async () => {
      const nodeMs = timeNode(['-e', '0']);
      return {
        helpMs: timeNode([...PROGRAM, '--help'], 'Usage') - nodeMs,
        versionMs: timeNode([...PROGRAM, '--version'], '.') - nodeMs,
        nodeMs,
      };
    };
    return {
      contenders: [{ name: 'minitorrent', version: '', run }],
      missing: [],
      close: async () => undefined,
    };
  },
};

/** Milliseconds until it has ended; fails unless it said `wanted`. */
function timeNode(args: readonly string[], wanted = ''): number {
  const startedAt = performance.now();
  const output = execFileSync(process.execPath, args, { encoding: 'utf8' });
  const elapsedMs = performance.now() - startedAt;
  if (!output.includes(wanted)) throw new Error(`minitorrent ${args.at(-1)} printed ${output}`);
  return elapsedMs;
}
