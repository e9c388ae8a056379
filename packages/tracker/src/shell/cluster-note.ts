/**
 * What a data folder remembers of its cluster: which one, and whether its data is the cluster's.
 *
 * It keeps an operator from starting a tracker in the folder of another cluster, and keeps data that was made before
 * from being replaced by that of others.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Standing } from '../cluster/options.ts';
import { describe, TrackerError } from '../errors.ts';
import { toHex } from '../hex.ts';
import type { Journal } from '../journal/journal.ts';
import { replaceFile } from './replace-file.ts';

interface Note {
  readonly version: 1;
  readonly clusterId: string;
  readonly isMember: boolean;
}

const FILE = 'cluster.json';

/**
 * Reads the note of `folder`, or makes it. Fails with `wrong_cluster` where it is another cluster's, and with
 * `journal_failed` where the folder cannot be used.
 */
export async function openStanding(
  folder: string,
  clusterId: Uint8Array,
  journal: Journal,
): Promise<Standing> {
  const path = join(folder, FILE);
  const id = toHex(clusterId);
  const note = await readNote(path);
  if (note !== undefined && note.clusterId !== id) {
    throw new TrackerError(
      'wrong_cluster',
      `The data folder ${folder} belongs to another cluster; name that one's id, or choose another folder`,
    );
  }
  let isMember = note?.isMember ?? journal.head.index === 0;
  const write = (): Promise<void> => replaceFile(path, noteText({ version: 1, clusterId: id, isMember }));
  if (note === undefined) await write().catch(cannotWrite(folder));
  const isFresh = isMember && journal.head.index === 0;
  return {
    kind: isFresh ? 'fresh' : isMember ? 'member' : 'own',
    onMember: () => {
      if (isMember) return;
      isMember = true;
      // Where this fails, the next start finds data of its own that follows nobody: told then, and nothing is lost.
      write().catch(() => undefined);
    },
  };
}

/** Fails with `wrong_cluster` where the folder belongs to a cluster: alone, its tracker would go ways of its own. */
export async function requireNoCluster(folder: string): Promise<void> {
  if ((await readClusterId(folder)) === undefined) return;
  throw new TrackerError(
    'wrong_cluster',
    `The data folder ${folder} belongs to a cluster of trackers; start it with --join and --witness as before`,
  );
}

/** The id of the cluster that the folder belongs to; undefined where it never was in one. Fails with `journal_failed`. */
export async function readClusterId(folder: string): Promise<string | undefined> {
  return (await readNote(join(folder, FILE)))?.clusterId;
}

async function readNote(path: string): Promise<Note | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw new TrackerError('journal_failed', `Cannot read ${path}: ${describe(cause)}`, { cause });
  }
  const note = parse(text);
  if (isNote(note)) return note;
  throw new TrackerError(
    'journal_corrupt',
    `Cannot use ${path}: it is damaged; restore the folder from a backup`,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isNote(note: unknown): note is Note {
  if (typeof note !== 'object' || note === null) return false;
  const { version, clusterId, isMember } = note as Partial<Record<keyof Note, unknown>>;
  return version === 1 && /^[0-9a-f]{32}$/.test(String(clusterId)) && typeof isMember === 'boolean';
}

function noteText(note: Note): string {
  return `${JSON.stringify(note)}\n`;
}

function cannotWrite(folder: string): (cause: unknown) => never {
  return (cause) => {
    throw new TrackerError(
      'journal_failed',
      `Cannot write to the data folder ${folder}: ${describe(cause)}`,
      {
        cause,
      },
    );
  };
}
