/**
 * The story that the demonstration plays: people register, make a group, join it, share a file, and download it, all
 * through the commands that anybody would type.
 */
import { randomUUID } from 'node:crypto';
import { basename } from 'node:path';
import type { DemoDownload, DemoResult } from '../output/demo-reports.ts';
import type { DownloadResult } from '../output/file-reports.ts';
import type { JsonLine } from '../output/reports.ts';
import type { DemoProcess } from './demo-process.ts';
import { sha256OfFile } from './sha256.ts';

const GROUP = 'holiday-videos';

export interface Scenario {
  /** The absolute path of the file to share. */
  readonly file: string;
  readonly sharer: DemoProcess;
  readonly downloaders: readonly DemoProcess[];
  /** Says what happens next. */
  tell(step: string): void;
}

/** Plays it; answers what came of it. A difference in the bytes is a result, everything else that goes wrong is thrown. */
export async function playScenario({ file, sharer, downloaders, tell }: Scenario): Promise<DemoResult> {
  const everybody = [sharer, ...downloaders];
  tell(`${listOf(everybody)} register and log in`);
  await Promise.all(everybody.map(register));

  tell(
    `${sharer.name} creates the group ${GROUP}; ${listOf(downloaders)} ask to join, and ${sharer.name} accepts them`,
  );
  await sharer.run('create_group', [GROUP]);
  await Promise.all(downloaders.map((downloader) => join(downloader, sharer)));

  tell(`${sharer.name} shares ${file}`);
  await sharer.run('upload_file', [GROUP, file]);

  tell(`${listOf(downloaders)} download it at the same time`);
  const name = basename(file);
  const results = await Promise.all(downloaders.map((downloader) => download(downloader, name)));

  tell('comparing what arrived with the source');
  const sha256 = await sha256OfFile(file);
  const downloads = await Promise.all(results.map(summarise));
  return {
    command: 'demo',
    ok: downloads.every((row) => row.sha256 === sha256),
    file: { name, size: results[0]?.result.download.totalBytes ?? 0, sha256 },
    sharedBy: sharer.name,
    downloads,
    failover: null,
  };
}

async function register(peer: DemoProcess): Promise<void> {
  // Nobody needs it afterwards.
  const password = randomUUID();
  await peer.run('create_user', [peer.name], [password]);
  await peer.run('login', [peer.name], [password]);
}

async function join(peer: DemoProcess, admin: DemoProcess): Promise<void> {
  // Once both know, the request waits at the tracker and can be accepted.
  await Promise.all([
    peer.run('join_group', [GROUP]),
    admin.take((line): line is JoinRequestLine => isJoinRequest(line) && line.userId === peer.name),
  ]);
  await admin.run('accept_request', [GROUP, peer.name]);
  await peer.take((line) => line.type === 'event' && line.event === 'membership-changed');
}

type JoinRequestLine = Extract<JsonLine, { readonly event: 'join-request' }>;

function isJoinRequest(line: JsonLine): line is JoinRequestLine {
  return line.type === 'event' && line.event === 'join-request';
}

interface Finished {
  readonly peer: DemoProcess;
  readonly result: DownloadResult;
}

async function download(peer: DemoProcess, name: string): Promise<Finished> {
  const result = await peer.run('download_file', [GROUP, name]);
  if (result.command !== 'download_file') throw new TypeError(`Expected a download, got ${result.command}`);
  return { peer, result };
}

async function summarise({ peer, result }: Finished): Promise<DemoDownload> {
  const { download, seconds } = result;
  const piecesFrom: Record<string, number> = {};
  for (const { userId, pieces } of download.peers) piecesFrom[userId] = (piecesFrom[userId] ?? 0) + pieces;
  return {
    userId: peer.name,
    seconds,
    bytesPerSecond: Math.round(download.totalBytes / Math.max(seconds, 0.001)),
    totalPieces: download.totalPieces,
    piecesFrom,
    sha256: download.path === null ? 'no file' : await sha256OfFile(download.path),
  };
}

function listOf(processes: readonly DemoProcess[]): string {
  return new Intl.ListFormat('en').format(processes.map((process) => process.name));
}
