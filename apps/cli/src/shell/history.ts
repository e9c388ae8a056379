/**
 * The lines that were typed, across sessions, in a file of the data folder that only the user can read.
 *
 * Passwords and codes of invitations never get in: of a command that takes one only what stands before it is kept. A line that is no command (a mistyped
 * `login`, a password typed at the wrong moment) stays in memory for this session and is not written.
 */
import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { makePrivateFolder } from '../folders.ts';
import type { ParameterKind } from './command.ts';
import { findCommandOf } from './command-table.ts';
import { scanWords } from './tokenize.ts';

/** An invitation may be named by its code. */
const SECRETS: ReadonlySet<ParameterKind> = new Set(['password', 'code', 'invitation']);
/** Lines kept in the file. */
const MAX_LINES = 1_000;
/** Only its owner reads or writes the file. */
const PRIVATE = 0o600;

export interface History {
  /** Newest first, as readline wants them. */
  lines(): string[];
  /** Keeps a line that was typed. */
  add(line: string): Promise<void>;
}

/** Opens the history file; a missing one is made with the first line. */
export async function openHistory(path: string): Promise<History> {
  const stored = await readLines(path);
  const kept = stored.slice(-MAX_LINES);
  if (kept.length < stored.length) await writeFile(path, toText(kept), { mode: PRIVATE });
  const lines = [...kept];
  return {
    lines: () => lines.toReversed(),
    async add(line) {
      const entry = historyEntry(line);
      if (entry.text === '' || entry.text === lines.at(-1)) return;
      lines.push(entry.text);
      if (entry.isLasting) await appendLine(path, entry.text);
    },
  };
}

/** What of a line may be remembered, and whether beyond this session. */
export function historyEntry(line: string): { readonly text: string; readonly isLasting: boolean } {
  const { words } = scanWords(line);
  if (words.length === 0) return { text: '', isLasting: false };
  const found = findCommandOf(words);
  if (found === undefined) return { text: line.trim(), isLasting: false };
  const { command, name, args } = found;
  const secretAt = command.asksForSecrets
    ? 0
    : command.parameters.findIndex((parameter) => SECRETS.has(parameter.kind));
  if (secretAt < 0) return { text: line.trim(), isLasting: true };
  const lastOpen = secretAt === 0 ? name : (args[secretAt - 1] ?? args.at(-1) ?? name);
  return { text: line.slice(0, lastOpen.end).trim(), isLasting: true };
}

async function readLines(path: string): Promise<string[]> {
  try {
    return (await readFile(path, 'utf8')).split('\n').filter((line) => line !== '');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

async function appendLine(path: string, line: string): Promise<void> {
  await makePrivateFolder(dirname(path));
  await appendFile(path, toText([line]), { mode: PRIVATE });
}

function toText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('');
}
