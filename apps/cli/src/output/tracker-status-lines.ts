/** What a tracker is, in lines for people. Pure; everything that came from outside is escaped. */

import type { TrackerStatusRow } from './operator-reports.ts';
import { formatDuration } from './quantities.ts';
import { formatTable } from './table.ts';
import { safe } from './terminal-text.ts';

/** What each role means to whoever reads it. */
const MEANINGS: Readonly<Record<string, string>> = {
  alone: 'stands alone',
  shared: 'is one of several over one journal',
  unknown: 'waits for the witness to say who is primary',
  joining: 'is catching up with the primary',
  backup: 'is a backup, in sync',
  candidate: 'is about to take over',
  primary: 'is the primary',
  safe: 'is in safe mode: it takes no changes',
  failed: 'takes no part any more',
};

/** What a role means, as the end of a sentence about a tracker. */
export function roleMeaning(role: string): string {
  return MEANINGS[role] ?? role;
}

export function trackerStatusLines(tracker: TrackerStatusRow, room: number): string[] {
  const { address, role, sinceMs, reason, epoch, headIndex, acknowledgedIndex } = tracker;
  const entries =
    headIndex === acknowledgedIndex
      ? `${headIndex}, all acknowledged`
      : `${headIndex}, acknowledged up to ${acknowledgedIndex}`;
  if (role === 'alone' || role === 'shared') {
    return [safe`The tracker at ${address} ${roleMeaning(role)}`, `Entries in the journal: ${entries}`];
  }
  if (tracker.others.length === 0) {
    return [safe`The tracker at ${address} failed: ${reason}`, `Entries in the journal: ${entries}`];
  }
  return [
    safe`The tracker at ${address} ${roleMeaning(role)}, for ${formatDuration(sinceMs / 1_000)} (${reason})`,
    `Epoch ${epoch}, ${tracker.inSync.length} in sync; entries in the journal: ${entries}`,
    witnessLine(tracker),
    ...otherLines(tracker, room),
    ...takeoverLines(tracker),
    ...tracker.faults.map(
      (fault) => safe`Look at this (${formatDuration(fault.msAgo / 1_000)} ago): ${fault.reason}`,
    ),
    ...adviceLines(tracker),
  ];
}

function witnessLine({ witness }: TrackerStatusRow): string {
  if (witness === 'none') return 'Witness: none; if a tracker is lost, a person has to promote the other one';
  return witness === 'answers'
    ? 'Witness: answers'
    : 'Witness: SILENT; until it is back nobody can take over';
}

function otherLines({ others, role }: TrackerStatusRow, room: number): string[] {
  return formatTable(
    [
      { title: 'OTHER TRACKER' },
      { title: 'IN SYNC' },
      { title: 'LACKS', align: 'right' },
      { title: 'ANSWERED' },
    ],
    others.map(({ address, isInSync, lag, heardMsAgo }) => [
      address,
      isInSync ? 'yes' : 'no',
      role === 'primary' && lag !== null ? String(lag) : '-',
      heardMsAgo === null ? 'never' : `${formatDuration(heardMsAgo / 1_000)} ago`,
    ]),
    room,
  );
}

function takeoverLines({ lastTakeover }: TrackerStatusRow): string[] {
  if (lastTakeover === null) return [];
  const { epoch, msAgo, reason } = lastTakeover;
  return [safe`Last takeover: ${formatDuration(msAgo / 1_000)} ago, to epoch ${String(epoch)} (${reason})`];
}

function adviceLines({ role, witness }: TrackerStatusRow): string[] {
  if (role !== 'safe' || witness !== 'none') return [];
  return [
    'Start the other tracker again. If it is lost for good, or both began in safe mode: minitorrent tracker promote <address>',
  ];
}
