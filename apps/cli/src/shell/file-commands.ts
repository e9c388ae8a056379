/**
 * Commands for files: share, list, download, and what is under way.
 */
import type { Download, DownloadOptions, Peer, ShareOptions } from '@minitorrent/peer';
import debug from 'debug';
import { CliError } from '../cli-error.ts';
import { resolveTypedPath } from '../config.ts';
import { describeDefect, describeFailure } from '../failure.ts';
import type { DownloadResult } from '../output/file-reports.ts';
import type { CommandResult, ProgressSample } from '../output/reports.ts';
import { readByteRange } from '../transfer-limits.ts';
import { abortable } from './abortable.ts';
import { type CommandContext, defineCommand, type ShellCommand } from './command.ts';
import { listedShares } from './listed-shares.ts';
import { downloadRow, fileRow, shareRow } from './rows.ts';
import { readStrategy } from './strategy.ts';

const log = debug('minitorrent:cli:files');

/** A tracker has answered a moment ago, or there is none. */
const SHARER_WAIT_MS = 2_000;

const groupId = { name: 'groupid', kind: 'group', summary: 'name of the group' } as const;

const listFile: ShellCommand = defineCommand({
  name: 'list_file',
  aliases: ['list_files'],
  summary: 'List the files of a group, and whether whoever shared each has signed it',
  parameters: [groupId],
  async run({ peer, signal }, { groupid }) {
    const { items, mayBeStale } = await peer.listFiles(groupid, { signal });
    return { command: 'list_file', groupId: groupid, files: items.map(fileRow), mayBeStale };
  },
});

const uploadFile: ShellCommand = defineCommand({
  name: 'upload_file',
  summary: 'Share a file with a group; it is served from where it lies',
  parameters: [
    groupId,
    { name: 'filename', kind: 'path', summary: 'path of the file' },
    { name: 'filesize', kind: 'size', summary: 'its size in bytes, checked when given', optional: true },
  ],
  async run(context, { groupid, filename, filesize }) {
    const path = resolveTypedPath(filename);
    let hashed = { hashedBytes: 0, totalBytes: 0 };
    const options: ShareOptions = {
      signal: context.signal,
      ...(filesize === undefined ? {} : { expectedSize: readSize(filesize) }),
      onProgress: (hashedBytes, totalBytes) => {
        hashed = { hashedBytes, totalBytes };
      },
    };
    const sample = (): ProgressSample => ({ activity: 'hash', groupId: groupid, path: filename, ...hashed });
    const stopShowing = context.board.watch(sample);
    try {
      const share = await context.peer.uploadFile(groupid, path, options);
      return { command: 'upload_file', share: shareRow(share, true) };
    } finally {
      stopShowing();
    }
  },
});

const downloadFile: ShellCommand = defineCommand({
  name: 'download_file',
  summary: 'Download a file from everybody who has parts of it',
  parameters: [groupId, { name: 'filename', kind: 'file', summary: 'name of the file in the group' }],
  options: [
    { name: 'to', kind: 'folder', summary: 'folder for the finished file' },
    { name: 'strategy', kind: 'strategy', summary: 'rarest-first, random or sequential' },
    { name: 'first', kind: 'range', summary: 'bytes to fetch first and in order, as in 0-10M' },
    { name: 'overwrite', summary: 'replace a file of the same name' },
  ],
  async run(context, { groupid, filename }, options) {
    const startedAtMs = context.clock.now();
    const strategy =
      options.strategy === undefined ? context.strategy : readStrategy(String(options.strategy));
    const download = await startAndFollow(context, groupid, filename, {
      signal: context.signal,
      ...(strategy === undefined ? {} : { strategy }),
      ...(options.to === undefined ? {} : { folder: resolveTypedPath(String(options.to)) }),
      ...(options.first === undefined ? {} : { first: readByteRange(String(options.first)) }),
      ...(options.overwrite === true ? { overwrite: true } : {}),
    });
    const sharer = sharerOf(context, groupid, filename);
    if (context.mode === 'script') await abortable(download.completed, context.signal);
    return {
      command: 'download_file',
      status: context.mode === 'script' ? 'completed' : 'started',
      strategy: strategy ?? null,
      seconds: (context.clock.now() - startedAtMs) / 1000,
      download: downloadRow(download),
      ...(await sharer),
    };
  },
});

const cancelDownload: ShellCommand = defineCommand({
  name: 'cancel_download',
  summary: 'Stop a download and remove what was fetched',
  parameters: [groupId, { name: 'filename', kind: 'download', summary: 'name of the file' }],
  async run({ peer }, { groupid, filename }): Promise<CommandResult> {
    const found = findDownload(peer, groupid, filename);
    if (found === undefined) {
      throw new CliError(
        'unknown_download',
        `Cannot cancel ${filename}: it is not being downloaded from ${groupid}`,
      );
    }
    await found.cancel();
    return { command: 'cancel_download', groupId: groupid, name: filename };
  },
});

const showDownloads: ShellCommand = defineCommand({
  name: 'show_downloads',
  summary: 'Show downloads, their rate and what they wait for',
  run: async ({ peer }) => ({ command: 'show_downloads', downloads: peer.downloads().map(downloadRow) }),
});

const showShares: ShellCommand = defineCommand({
  name: 'show_shares',
  summary: 'Show what you share, whether a tracker lists it, and how much of it was uploaded',
  run: async ({ peer, signal }) => ({ command: 'show_shares', shares: await listedShares(peer, signal) }),
});

const stopShare: ShellCommand = defineCommand({
  name: 'stop_share',
  summary: 'Take a file of yours out of a group; the file stays on disk',
  parameters: [groupId, { name: 'filename', kind: 'share', summary: 'name of the file' }],
  async run({ peer, signal }: CommandContext, { groupid, filename }) {
    await peer.stopSharing(groupid, filename, { signal });
    return { command: 'stop_share', groupId: groupid, name: filename };
  },
});

export const fileCommands: readonly ShellCommand[] = [
  listFile,
  uploadFile,
  downloadFile,
  cancelDownload,
  showDownloads,
  showShares,
  stopShare,
];

/** A download that cannot begin is told of by its command alone; at a prompt what comes later is left to the notices. */
async function startAndFollow(
  context: CommandContext,
  groupId: string,
  name: string,
  options: DownloadOptions,
): Promise<Download> {
  context.follow(groupId, name, 'all');
  try {
    return await startOrFind(context, groupId, name, options);
  } finally {
    if (context.mode === 'interactive') context.follow(groupId, name, 'start');
  }
}

/** Starts a download; one that is on its way already, perhaps since an earlier run, is taken as it is, but for what comes first. */
async function startOrFind(
  { peer }: CommandContext,
  groupId: string,
  name: string,
  options: DownloadOptions,
): Promise<Download> {
  try {
    return await peer.downloadFile(groupId, name, options);
  } catch (error) {
    const running =
      describeFailure(error).code === 'already_downloading' && findDownload(peer, groupId, name);
    if (running === undefined || running === false) throw error;
    if (options.first !== undefined) running.fetchFirst(options.first);
    return running;
  }
}

function findDownload(peer: Pick<Peer, 'downloads'>, groupId: string, name: string): Download | undefined {
  return peer.downloads().find((download) => download.groupId === groupId && download.name === name);
}

/** Who shared it, for the user to see; a download that goes on without a tracker does not wait for that. */
async function sharerOf(
  { peer, signal }: CommandContext,
  groupId: string,
  name: string,
): Promise<Pick<DownloadResult, 'sharedBy' | 'sharedByDevice'>> {
  try {
    const { items } = await peer.listFiles(groupId, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(SHARER_WAIT_MS)]),
    });
    const found = items.find(({ file, isSigned }) => file.name === name && isSigned);
    if (found === undefined) return { sharedBy: null, sharedByDevice: null };
    const { sharedBy, sharedByDevice } = fileRow(found);
    return { sharedBy, sharedByDevice };
  } catch (error) {
    log('cannot tell who shared %s: %s', name, describeDefect(error));
    return { sharedBy: null, sharedByDevice: null };
  }
}

/** A size in bytes as the user typed it. Fails with `bad_size`. */
function readSize(text: string): number {
  const size = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(size)) return size;
  throw new CliError(
    'bad_size',
    `Cannot read the size ${JSON.stringify(text)}: expected a whole number of bytes`,
  );
}
