/**
 * Where things are kept and which addresses are used unless the user says otherwise.
 *
 * Nothing listens beyond this machine unless it is asked to (`--listen 0.0.0.0`).
 */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** Port of a tracker when none is given. */
export const DEFAULT_TRACKER_PORT = 7700;
/** Port of a witness when none is given. */
export const DEFAULT_WITNESS_PORT = 7709;
/** Where a tracker shows its metrics when no port is given. */
export const DEFAULT_METRICS_PORT = 7780;
/** Any free port: other peers learn it from the tracker. */
export const ANY_PORT = 0;
/** Connections of a tracker: each costs some tens of KiB and an open file, of which a service has 500,000 or so. */
export const DEFAULT_CONNECTIONS = 10_000;
export const MAX_CONNECTIONS = 1_000_000;
export const DEFAULT_HOST = '127.0.0.1';

export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * The data folder: `--data`, or else `MINITORRENT_DATA`, or else the platform's place for data of applications. Trackers, peers
 * and witnesses each have a folder of their own in it, and so has whoever looks after trackers.
 */
export async function dataFolder(
  role: 'tracker' | 'peer' | 'witness' | 'cluster' | 'operator',
  options: { readonly data?: string | undefined; readonly variables: Variables },
): Promise<string> {
  const chosen = nonEmpty(options.data) ?? nonEmpty(options.variables.MINITORRENT_DATA);
  return join(chosen === undefined ? await platformFolder() : resolve(chosen), role);
}

/** Where finished files go: `--downloads`, or else the folder in which the program was started. */
export function downloadFolder(downloads: string | undefined): string {
  return resolve(downloads ?? '.');
}

/** A path as the user typed it in the shell: `~/` is the home folder, anything else starts at the working folder. */
export function resolveTypedPath(path: string): string {
  if (path === '~') return homedir();
  return path.startsWith('~/') ? join(homedir(), path.slice(2)) : resolve(path);
}

async function platformFolder(): Promise<string> {
  const { default: envPaths } = await import('env-paths');
  return envPaths('minitorrent', { suffix: '' }).data;
}

/** An empty variable counts as none; it arrives as an empty option, too. */
export function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}
