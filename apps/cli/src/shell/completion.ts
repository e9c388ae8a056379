/**
 * What the Tab key offers: commands, options, and values of the kind that stands at the cursor.
 *
 * Values that a terminal could not show as they are, are never offered. A tracker that does not answer costs nothing
 * but the offer.
 */
import { readdir } from 'node:fs/promises';
import type { Peer } from '@minitorrent/peer';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import debug from 'debug';
import { resolveTypedPath } from '../config.ts';
import { describeDefect } from '../failure.ts';
import { shortId } from '../output/short-id.ts';
import { isTerminalText } from '../output/terminal-text.ts';
import type { CommandOption, ParameterKind, ShellCommand } from './command.ts';
import { findCommandOf, SHELL_COMMANDS } from './command-table.ts';
import { STRATEGIES } from './strategy.ts';
import { escapeWord, type OpenEnd, scanWords, type Word } from './tokenize.ts';

const log = debug('minitorrent:cli:completion');

/** How long Tab may wait for a tracker. */
const MAX_WAIT_MS = 1_000;

/** What may be typed in place of `typed`, the end of the line. */
export interface Completions {
  readonly candidates: string[];
  readonly typed: string;
}

/** The peer's queries that completion needs. */
export type CompletionSource = Pick<
  Peer,
  | 'listGroups'
  | 'listFiles'
  | 'listRequests'
  | 'listMembers'
  | 'listDevices'
  | 'listInvitations'
  | 'downloads'
  | 'shares'
>;

/** Answers for a line up to the cursor. Never fails. */
export async function complete(line: string, source: CompletionSource): Promise<Completions> {
  const { words, open } = scanWords(line);
  const atWordEnd = words.at(-1)?.end === line.length;
  const before = atWordEnd ? words.slice(0, -1) : words;
  const current = atWordEnd ? words.at(-1) : undefined;
  const typed = current === undefined ? '' : line.slice(current.start);
  const values = await valuesFor(before, current?.text ?? '', source);
  const candidates = values
    .filter((value) => value.startsWith(current?.text ?? '') && isTerminalText(value))
    .map((value) => written(value, typed, open));
  return { candidates: [...new Set(candidates)].sort(), typed };
}

async function valuesFor(
  before: readonly Word[],
  prefix: string,
  source: CompletionSource,
): Promise<readonly string[]> {
  const found = findCommandOf(before);
  if (found === undefined) return wordsOfNames(before);
  const { command, args } = found;
  if (prefix.startsWith('-')) return command.options.map((option) => `--${option.name}`);
  const option = optionOf(command, args.at(-1));
  const positionals = args.filter(
    (word, index) => !word.text.startsWith('--') && optionOf(command, args[index - 1]) === undefined,
  );
  const kind = option?.kind ?? command.parameters[positionals.length]?.kind;
  if (kind === undefined) return [];
  try {
    return await VALUES[kind]({ source, prefix, before: positionals, groupId: positionals[0]?.text ?? '' });
  } catch (error) {
    log('cannot complete a %s: %s', kind, describeDefect(error));
    return [];
  }
}

/** Of the names of commands that begin with these words, the next word. */
function wordsOfNames(words: readonly Word[]): readonly string[] {
  const names = SHELL_COMMANDS.map((command) => command.name.split(' '));
  return names
    .filter((name) => words.every((word, at) => name[at] === word.text))
    .flatMap((name) => name[words.length] ?? []);
}

/** The option that this word is, where a value follows it. */
function optionOf(command: ShellCommand, word: Word | undefined): CommandOption | undefined {
  return command.options.find(({ name, kind }) => kind !== undefined && `--${name}` === word?.text);
}

interface Query {
  readonly source: CompletionSource;
  /** What is typed of the value, without quotes. */
  readonly prefix: string;
  /** The arguments before it. */
  readonly before: readonly Word[];
  /** The first argument, which is the group in all commands on files and requests. */
  readonly groupId: string;
}

const VALUES: Readonly<
  Record<ParameterKind, (query: Query) => readonly string[] | Promise<readonly string[]>>
> = {
  command: ({ before }) => wordsOfNames(before),
  strategy: () => STRATEGIES,
  group: async ({ source }) => (await source.listGroups(quickly())).items.map((group) => group.groupId),
  file: async ({ source, groupId }) =>
    (await source.listFiles(groupId, quickly())).items.map(({ file }) => file.name),
  requester: async ({ source, groupId }) =>
    (await source.listRequests(groupId, quickly())).items.map((request) => request.userId),
  member: async ({ source, groupId }) =>
    (await source.listMembers(groupId, quickly())).items.map(({ userId }) => userId),
  device: async ({ source }) =>
    (await source.listDevices(quickly())).items
      .filter(({ isRevoked }) => !isRevoked)
      .map(({ deviceId }) => shortId(formatDeviceId(deviceId))),
  invitation: async ({ source, groupId }) =>
    (await source.listInvitations(groupId, quickly())).items.map(({ inviteId }) =>
      shortId(formatDeviceId(inviteId)),
    ),
  download: ({ source, groupId }) =>
    source
      .downloads()
      .filter((download) => download.groupId === groupId)
      .map((download) => download.name),
  share: ({ source, groupId }) =>
    source
      .shares()
      .filter((share) => share.groupId === groupId)
      .map((share) => share.file.name),
  path: ({ prefix }) => paths(prefix),
  folder: ({ prefix }) => paths(prefix),
  user: () => [],
  password: () => [],
  code: () => [],
  size: () => [],
  range: () => [],
  duration: () => [],
  count: () => [],
};

function quickly(): { readonly signal: AbortSignal } {
  return { signal: AbortSignal.timeout(MAX_WAIT_MS) };
}

/** Files and folders that begin as typed; hidden ones only when their dot was typed. */
async function paths(prefix: string): Promise<string[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const wantsHidden = prefix.slice(folder.length).startsWith('.');
  const entries = await readdir(resolveTypedPath(folder === '' ? '.' : folder), { withFileTypes: true });
  return entries
    .filter((entry) => wantsHidden || !entry.name.startsWith('.'))
    .map((entry) => folder + entry.name + (entry.isDirectory() ? '/' : ''));
}

/** A value as it goes on from what was typed: in the quotes that were opened, else with backslashes. A folder stays open. */
function written(value: string, typed: string, open: OpenEnd): string {
  const isFolder = value.endsWith('/');
  const opening = typed.charAt(0);
  if (open === opening && (open === "'" || open === '"')) {
    const inner = open === '"' ? value.replaceAll(/["\\]/g, '\\$&') : value.replaceAll("'", `'\\''`);
    return open + inner + (isFolder ? '' : `${open} `);
  }
  return escapeWord(value) + (isFolder ? '' : ' ');
}
