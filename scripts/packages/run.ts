/** Running the tools of this repository as child processes, with all their output in the error if they fail. */
import { execFile } from 'node:child_process';
import { delimiter, dirname, join } from 'node:path';

const ROOT = join(import.meta.dirname, '../..');
const TIMEOUT_MS = 120_000;

/** The tools that are installed here come first on the path, and with them the Node.js that they shall run on. */
const PATH = [join(ROOT, 'node_modules/.bin'), dirname(process.execPath), process.env.PATH].join(delimiter);

/** Runs `command` in the folder `cwd`; answers what it printed on stdout. Fails unless it exits with 0 within two minutes. */
export function run(command: string, args: readonly string[], cwd: string): Promise<string> {
  const options = { cwd, timeout: TIMEOUT_MS, maxBuffer: 64 * 1024 * 1024, env: { ...process.env, PATH } };
  return new Promise((resolve, reject) => {
    execFile(command, [...args], options, (error, stdout, stderr) => {
      if (error === null) return resolve(stdout);
      const line = [command, ...args].join(' ');
      reject(
        new Error(`Cannot run '${line}' in ${cwd}: ${error.message}\n${stdout}${stderr}`, { cause: error }),
      );
    });
  });
}
