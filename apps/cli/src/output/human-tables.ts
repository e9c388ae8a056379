/**
 * Lists for people, as tables in at most `room` terminal columns. Pure; `formatTable` escapes what stands in the cells.
 * An empty list says what to do next.
 */

import { quoteWord } from '../shell/tokenize.ts';
import type { DemoResult, FailoverResult } from './demo-reports.ts';
import type { DownloadRow, FileRow, ShareRow } from './file-reports.ts';
import type { GroupRow, RequestRow } from './membership-reports.ts';
import { describeWaiting } from './progress-line.ts';
import { formatBytes, formatDuration, formatRate, formatTime, wholePercent } from './quantities.ts';
import { shortIds } from './short-id.ts';
import { formatTable } from './table.ts';
import { safe, terminalText } from './terminal-text.ts';

/** The groups there are. */
export function groupLines(groups: readonly GroupRow[], room: number): string[] {
  if (groups.length === 0) return ['No groups yet. Next: create_group <groupid>'];
  return formatTable(
    [
      { title: 'GROUP' },
      { title: 'MEMBERS', align: 'right' },
      { title: 'FILES', align: 'right' },
      { title: 'YOU ARE' },
    ],
    groups.map((row) => [
      row.groupId,
      String(row.members),
      String(row.files),
      row.standing === 'none' ? '-' : row.standing,
    ]),
    room,
  );
}

/** Who waits to join. */
export function requestLines(requests: readonly RequestRow[], room: number): string[] {
  if (requests.length === 0) return ['Nobody is waiting'];
  return formatTable(
    [
      { title: 'GROUP' },
      { title: 'USER' },
      { title: 'ASKED AT (UTC)', sparable: 1 },
      { title: 'WITH THE DEVICE' },
    ],
    requests.map((row) => [
      row.groupId,
      row.userId,
      formatTime(row.requestedAtMs),
      row.deviceIds.length === 0 ? 'unknown' : shortIds(row.deviceIds),
    ]),
    room,
  );
}

const NOT_SIGNED =
  'What is not signed cannot be downloaded: this device is not let in yet (list_members tells), or a tracker made the file up. If it did, ask whoever shared it to share it again';

/** The files of a group. */
export function fileLines(groupId: string, files: readonly FileRow[], room: number): string[] {
  if (files.length === 0) return [safe`No files in ${groupId} yet. Next: upload_file ${groupId} <path>`];
  const table = formatTable(
    [
      { title: 'FILE' },
      { title: 'SIZE', align: 'right' },
      { title: 'SEEDERS', align: 'right' },
      { title: 'LEECHERS', align: 'right', sparable: 2 },
      { title: 'SHARED BY', sparable: 1 },
      { title: 'SIGNED' },
      { title: 'SHARED AT (UTC)', sparable: 3 },
      { title: 'ROOT', sparable: 4 },
    ],
    files.map((row) => [
      row.name,
      formatBytes(row.size),
      String(row.seeders),
      String(row.leechers),
      row.sharedBy,
      row.isSigned ? 'yes' : 'NO',
      formatTime(row.sharedAtMs),
      row.root.slice(0, 12),
    ]),
    room,
  );
  return files.every((row) => row.isSigned) ? table : [...table, NOT_SIGNED];
}

/** What this peer shares. */
export function shareLines(shares: readonly ShareRow[], room: number): string[] {
  if (shares.length === 0) return ['You share nothing. Next: upload_file <groupid> <path>'];
  const table = formatTable(
    [
      { title: 'GROUP' },
      { title: 'FILE' },
      { title: 'SIZE', align: 'right', sparable: 1 },
      { title: 'STATE' },
      { title: 'UPLOADED', align: 'right' },
      { title: 'PATH', sparable: 2 },
    ],
    shares.map((row) => [
      row.groupId,
      row.name,
      formatBytes(row.size),
      row.isListed === false ? `${row.state}, NOT LISTED` : row.state,
      formatBytes(row.uploadedBytes),
      row.path,
    ]),
    room,
  );
  return [...table, ...listedLines(shares)];
}

/** Under the shares: what it means that some are not listed, or that nobody tells. */
function listedLines(shares: readonly ShareRow[]): string[] {
  const lost = shares.find(({ isListed }) => isListed === false);
  if (lost !== undefined) {
    const again = safe`upload_file ${quoteWord(lost.groupId)} ${quoteWord(lost.path)}`;
    return [
      `What is not listed nobody finds: no tracker knows of it, or not any more. Next: ${again}; before that create_group or join_group, where list_groups does not show the group as yours`,
    ];
  }
  return shares.some(({ isListed }) => isListed === null)
    ? ['No tracker tells now whether others find all of this']
    : [];
}

/** What is under way, and what it waits for. */
export function downloadLines(downloads: readonly DownloadRow[], room: number): string[] {
  if (downloads.length === 0) return ['No downloads. Next: download_file <groupid> <filename>'];
  return formatTable(
    [
      { title: 'GROUP' },
      { title: 'FILE' },
      { title: 'DONE', align: 'right' },
      { title: 'SIZE', align: 'right', sparable: 2 },
      { title: 'RATE', align: 'right', sparable: 1 },
      { title: 'PEERS', align: 'right', sparable: 3 },
      { title: 'STATE' },
    ],
    downloads.map((row) => [
      row.groupId,
      row.name,
      `${wholePercent(row.verifiedBytes, row.totalBytes)} %`,
      formatBytes(row.totalBytes),
      formatRate(row.bytesPerSecond),
      String(row.peers.filter((peer) => peer.state === 'connected').length),
      row.waitingFor === null ? row.state : `${row.state}: ${describeWaiting(row.waitingFor)}`,
    ]),
    room,
  );
}

/** What came of the demonstration: each peer, its time and rate, from whom its pieces came, and whether its bytes are right. */
export function demoLines({ ok, file, sharedBy, downloads, failover }: DemoResult, room: number): string[] {
  const sources = [sharedBy, ...downloads.map((download) => download.userId)];
  const table = formatTable(
    [
      { title: 'PEER' },
      { title: 'TIME', align: 'right' },
      { title: 'RATE', align: 'right', sparable: 1 },
      { title: 'PIECES', align: 'right', sparable: 2 },
      ...sources.map((source, index) => ({
        title: index === 0 ? safe`FROM ${source}` : terminalText(source),
        align: 'right' as const,
      })),
      { title: 'SHA-256' },
    ],
    downloads.map((row) => [
      row.userId,
      formatDuration(row.seconds),
      formatRate(row.bytesPerSecond),
      String(row.totalPieces),
      ...sources.map((source) => (source === row.userId ? '-' : String(row.piecesFrom[source] ?? 0))),
      `${row.sha256.slice(0, 8)} ${row.sha256 === file.sha256 ? 'equal' : 'DIFFERENT'}`,
    ]),
    room,
  );
  return [
    '',
    safe`${file.name}, ${formatBytes(file.size)}, shared by ${sharedBy}; SHA-256 ${file.sha256}`,
    '',
    ...table,
    '',
    ...(failover === null ? [] : failoverLines(failover)),
    'All connections were encrypted, and every peer proved to the others that it is a member of the group.',
    ok ? 'Every peer has the same bytes as the source.' : 'NOT every peer has the same bytes as the source.',
  ];
}

function failoverLines(failover: FailoverResult): string[] {
  const { killed, successor, acknowledged, lost } = failover;
  return [
    safe`${killed} was killed, ${successor} took over: nobody waited longer than ${formatDuration(failover.longestWaitSeconds)}.`,
    `No download paused for longer than ${formatDuration(failover.longestTransferPauseSeconds)}.`,
    `Of ${acknowledged} registrations that were acknowledged ${lost === 0 ? 'none is' : `${lost} ARE`} lost.`,
    safe`${killed} came back and was in sync after ${formatDuration(failover.backInSyncSeconds)}.`,
  ];
}
