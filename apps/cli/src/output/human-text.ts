/**
 * Results, events and failures as sentences and tables for people. Pure: reports in, lines out.
 *
 * Every value that is not ours goes through `safe` or `formatTable`, which escape it. Colours are put on later.
 */

import type { CliEvent, Failure, FailureOrigin } from './event-reports.ts';
import type { DownloadResult } from './file-reports.ts';
import { demoLines, downloadLines, fileLines, groupLines, requestLines, shareLines } from './human-tables.ts';
import { membershipLines, standingLine } from './membership-lines.ts';
import type { Freshness } from './membership-reports.ts';
import { connectLines, witnessInitLines } from './operator-lines.ts';
import { countOf, formatBytes, formatDuration, formatRate } from './quantities.ts';
import type { CommandHelp, CommandResult } from './reports.ts';
import { devicesNamed, shortId } from './short-id.ts';
import { safe } from './terminal-text.ts';
import { roleMeaning, trackerStatusLines } from './tracker-status-lines.ts';
import { definitionLines } from './wrap-text.ts';

/** The lines that answer a command; tables in at most `room` terminal columns. */
export function resultLines(result: CommandResult, room: number = Number.POSITIVE_INFINITY): string[] {
  switch (result.command) {
    case 'create_user':
      return [safe`Created user ${result.userId}. Next: login ${result.userId}`];
    case 'login':
      return [safe`Logged in as ${result.userId}`];
    case 'logout':
      return ['Logged out'];
    case 'create_group':
      return [safe`Created group ${result.groupId}; you are its admin`];
    case 'join_group':
      return [
        result.status === 'member'
          ? safe`You are a member of ${result.groupId}`
          : safe`Asked to join ${result.groupId} with the device ${shortId(result.deviceId)}. An admin of the group decides; you will be told`,
      ];
    case 'leave_group':
      return [safe`Left group ${result.groupId}`];
    case 'list_groups':
      return [...groupLines(result.groups, room), ...staleLines(result)];
    case 'list_requests':
      return [...requestLines(result.requests, room), ...staleLines(result)];
    case 'accept_request':
      return [
        result.isOwn
          ? safe`You are in ${result.groupId} now on ${devicesNamed(result.deviceIds)} too`
          : safe`${result.userId} is now a member of ${result.groupId}, on ${devicesNamed(result.deviceIds)}`,
      ];
    case 'reject_request':
      return [safe`Refused ${result.userId} in ${result.groupId}`];
    case 'list_file':
      return [...fileLines(result.groupId, result.files, room), ...staleLines(result)];
    case 'upload_file':
      return [
        safe`Sharing ${result.share.name} (${formatBytes(result.share.size)}) in ${result.share.groupId} from ${result.share.path}`,
      ];
    case 'download_file':
      return downloadResultLines(result);
    case 'cancel_download':
      return [safe`Cancelled the download of ${result.name}; what was fetched is removed`];
    case 'show_downloads':
      return downloadLines(result.downloads, room);
    case 'show_shares':
      return shareLines(result.shares, room);
    case 'stop_share':
      return [safe`You no longer share ${result.name} in ${result.groupId}. Your file stays where it is`];
    case 'help':
      return helpLines(result.commands, room);
    case 'quit':
      return [];
    case 'tracker_status':
      return trackerStatusLines(result.tracker, room);
    case 'tracker_promote':
      return [safe`The tracker at ${result.address} decides changes from now on`];
    case 'tracker_backup':
      return [
        safe`Copied the journal up to entry ${result.headIndex} (${formatBytes(result.bytes)}) from ${result.dataFolder} to ${result.file}`,
        'It holds the hash of every password: keep it where nobody else can read it',
      ];
    case 'tracker_restore':
      return [
        safe`Restored the journal up to entry ${result.headIndex} from ${result.file}. Next: minitorrent tracker with the data in ${result.dataFolder}`,
        'What was acknowledged after the backup was made is lost',
      ];
    case 'witness_init':
      return witnessInitLines(result);
    case 'tracker_identity':
    case 'witness_identity':
      return [safe`${result.deviceId}`];
    case 'tracker_invite':
      return [safe`${result.link}`];
    case 'connect':
      return connectLines(result);
    case 'demo':
      return demoLines(result, room);
    default:
      return [...membershipLines(result, room), ...('mayBeStale' in result ? staleLines(result) : [])];
  }
}

/** The line that tells of an event. */
export function eventLine(event: CliEvent): string {
  switch (event.event) {
    case 'listening':
      return event.downloadFolder === null
        ? safe`The ${event.role} listens on ${event.address} and keeps its data in ${event.journal ?? event.dataFolder}; its id is ${event.deviceId}`
        : safe`The ${event.role} listens on ${event.address}; downloads go to ${event.downloadFolder}`;
    case 'monitoring':
      return safe`Metrics are at http://${event.address}/metrics, health at /healthz and /readyz`;
    case 'role-changed':
      return safe`This tracker ${roleMeaning(event.role)}, in epoch ${String(event.epoch)} (${event.reason})`;
    case 'fault':
      return safe`Look at this: ${event.message}`;
    case 'tracker-learned':
      return safe`The tracker at ${event.address} is ${event.deviceId}. From now on it has to be; compare that with what minitorrent tracker identity tells there`;
    case 'tracker-connected':
      return safe`Connected to the tracker at ${event.address}`;
    case 'tracker-lost':
      return event.advice === null
        ? safe`Lost the tracker at ${event.address}: ${event.reason}. Trying again; running transfers go on`
        : safe`The tracker at ${event.address} is not used: ${event.reason}. Next: ${event.advice}`;
    case 'login-needed':
      return event.code === 'device_revoked'
        ? safe`${event.userId} is logged out: ${event.reason.split('; ', 1)[0] ?? ''}. A new data folder (--data) makes a new device of this one`
        : loginLine(event);
    case 'offline':
      return safe`Logged in as ${event.userId} without a tracker: what you share is served, downloads go on with the peers they know`;
    case 'join-request':
      return safe`${event.isOwn ? 'Somebody logged in as you' : event.userId} asks to join ${event.groupId} with ${devicesNamed(event.deviceIds)}: accept_request ${event.groupId} ${event.userId}, or reject_request`;
    case 'device-waiting':
      return safe`This device, ${shortId(event.deviceId)}, is not let into ${event.groupId} yet. Next, on another device of yours, or an admin: accept_request ${event.groupId} ${event.userId}`;
    case 'membership-changed':
      return standingLine(event);
    case 'wrong-group-key':
      return safe`A tracker is not believed about ${event.groupId}: ${event.reason}. Next: ask its admin; if it was made anew, leave_group ${event.groupId} and join again`;
    case 'download-started':
      return safe`Downloading ${event.name} from ${event.groupId}`;
    case 'download-completed':
      return safe`Downloaded ${event.name} (${formatBytes(event.totalBytes)})${toPath(event)}`;
    case 'download-failed':
      return safe`The download of ${event.name} failed: ${event.failure.message}${adviceSuffix(event.failure)}`;
    case 'peer-banned':
      return safe`${event.userId} was caught sending wrong data for ${event.name} (piece ${event.piece}) and is not asked again`;
    case 'share-changed':
      return event.state === 'serving'
        ? safe`${event.name} is served again from ${event.path}`
        : safe`${event.name} is not served: ${event.path} ${NOT_SERVED[event.state] ?? 'was changed'}`;
    case 'notice':
      return safe`${event.message}`;
  }
}

/** Whoever is still logged in, because other trackers may know the device, has to log out first. */
function loginLine({ userId, reason, code }: Extract<CliEvent, { event: 'login-needed' }>): string {
  const why = reason.split('; ', 1)[0] ?? '';
  return code === 'unknown_device'
    ? safe`${userId} has to log in again: ${why}, or the tracker has lost its data. Next: logout, then login ${userId}; where it knows no such user, create_user ${userId} in between`
    : safe`${userId} has to log in again: ${why}. Next: login ${userId}`;
}

/** Why a shared file is not served. */
const NOT_SERVED: { readonly [state: string]: string } = {
  missing: 'is gone',
  unreadable: 'cannot be read: check its permissions',
};

/** What went wrong, the command's usage where it was written wrongly, and what to do next. */
export function failureLines(failure: Failure, origin: FailureOrigin): string[] {
  const line = origin.line === null ? '' : `line ${origin.line}: `;
  const command = origin.command === null ? '' : safe`${origin.command}: `;
  const code = failure.code === null ? '' : safe` (${failure.code})`;
  const lines = [safe`error: ${line}${command}${failure.message}` + code];
  if (failure.usage !== null) lines.push(safe`usage: ${failure.usage}`);
  if (failure.advice !== null) lines.push(safe`  next: ${failure.advice}`);
  return lines;
}

function adviceSuffix(failure: Failure): string {
  return failure.advice === null ? '' : `. Next: ${failure.advice}`;
}

/** Under a list that a tracker gave: whether it can be relied on. */
function staleLines({ mayBeStale }: Freshness): string[] {
  return mayBeStale ? ['The tracker that answered is a backup: something new may be missing'] : [];
}

function downloadResultLines(result: DownloadResult): string[] {
  const { download, seconds } = result;
  const sharer = sharerOf(result);
  if (result.status === 'started') return [safe`Downloading ${download.name}${toPath(download)}${sharer}`];
  const fetched = download.totalPieces - download.resumedPieces;
  const rate =
    seconds > 0 ? formatRate((download.totalBytes * fetched) / (download.totalPieces || 1) / seconds) : '';
  const sources = download.peers
    .filter((peer) => peer.pieces > 0)
    .map((peer) => `${countOf(peer.pieces, 'piece')} from ${peer.userId}`);
  if (download.resumedPieces > 0) sources.push(`${countOf(download.resumedPieces, 'piece')} from before`);
  const details = [formatBytes(download.totalBytes), formatDuration(seconds), rate, ...sources].filter(
    Boolean,
  );
  return [safe`Downloaded ${download.name}${toPath(download)} (${details.join(', ')})${sharer}`];
}

function sharerOf({ sharedBy, sharedByDevice }: DownloadResult): string {
  if (sharedBy === null || sharedByDevice === null) return '';
  return `; ${sharedBy} shared and signed it, on the device ${shortId(sharedByDevice)}`;
}

function toPath({ path }: { readonly path: string | null }): string {
  return path === null ? '' : ` to ${path}`;
}

function helpLines(commands: readonly CommandHelp[], room: number): string[] {
  const [only, ...others] = commands;
  if (only !== undefined && others.length === 0) {
    const width = Math.max(0, ...only.details.map((detail) => detail.name.length + 2));
    const details = only.details.flatMap(({ name, summary }) =>
      definitionLines({ name: safe`  ${name}`, width, text: safe`${summary}` }, room),
    );
    return [safe`usage: ${only.usage}`, safe`${only.summary}`, ...details];
  }
  return [
    ...usageLines(commands, room),
    'Names with spaces: "in quotes" or with\\ backslashes. help <command> tells more.',
  ];
}

/** Usage and summary side by side, or one below the other where that is too wide. */
function usageLines(commands: readonly CommandHelp[], room: number): string[] {
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  const widest = width + 2 + Math.max(...commands.map(({ summary }) => summary.length));
  return commands.flatMap(({ usage, summary }) =>
    definitionLines(
      { name: safe`${usage}`, width: widest <= room ? width : room, text: safe`${summary}` },
      room,
    ),
  );
}
