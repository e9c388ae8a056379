/** Looks for processes that should be gone. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The ids of processes whose command line contains `text`. */
export async function findProcesses(text: string): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-eo', 'pid=,args=']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => Number.parseInt(line, 10));
}

/** How many processes there are whose command line contains `text`. */
export async function countProcesses(text: string): Promise<number> {
  return (await findProcesses(text)).length;
}
