/** Which version of a program is on this machine, if any. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The first thing like `1.36.0` that it says when it is asked; undefined where it is not installed. */
export async function versionOf(command: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout, stderr } = await promisify(execFile)(command, args);
    return /\d+(\.\d+)+/.exec(stdout + stderr)?.[0] ?? 'unknown';
  } catch {
    return undefined;
  }
}
