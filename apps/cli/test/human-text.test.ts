import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CliEvent, Failure } from '../src/output/event-reports.ts';
import { createHumanReporter } from '../src/output/human-reporter.ts';
import { eventLine, failureLines, resultLines } from '../src/output/human-text.ts';
import type { CommandHelp, CommandResult } from '../src/output/reports.ts';
import { type ShellCommand, usageOf } from '../src/shell/command.ts';
import { SHELL_COMMANDS } from '../src/shell/command-table.ts';
import { idOf } from './support/devices.ts';
import { createFakeWorld } from './support/fake-world.ts';
import { completedRow, downloadRow, fileRow, shareRow } from './support/reports.ts';

const ID = idOf(7);
const SHORT = ID.slice(0, 15);
const unknownSharer = { sharedBy: null, sharedByDevice: null };
const failure: Failure = { code: 'disk_full', message: 'Cannot write', advice: 'make room', usage: null };

/** Every result, and what is shown for it. */
const RESULTS: readonly (readonly [CommandResult, readonly string[]])[] = [
  [{ command: 'create_user', userId: 'alice' }, ['Created user alice. Next: login alice']],
  [{ command: 'login', userId: 'alice' }, ['Logged in as alice']],
  [{ command: 'logout' }, ['Logged out']],
  [{ command: 'create_group', groupId: 'films' }, ['Created group films; you are its admin']],
  [
    { command: 'join_group', groupId: 'films', status: 'member', deviceId: ID },
    ['You are a member of films'],
  ],
  [
    { command: 'join_group', groupId: 'films', status: 'requested', deviceId: ID },
    [`Asked to join films with the device ${SHORT}. An admin of the group decides; you will be told`],
  ],
  [{ command: 'leave_group', groupId: 'films' }, ['Left group films']],
  [
    { command: 'list_groups', groups: [], mayBeStale: false },
    ['No groups yet. Next: create_group <groupid>'],
  ],
  [
    {
      command: 'list_groups',
      groups: [
        { groupId: 'films', members: 3, files: 12, standing: 'admin' },
        { groupId: 'x', members: 1, files: 0, standing: 'none' },
      ],
      mayBeStale: false,
    },
    ['GROUP  MEMBERS  FILES  YOU ARE', 'films        3     12  admin', 'x            1      0  -'],
  ],
  [{ command: 'list_requests', requests: [], mayBeStale: false }, ['Nobody is waiting']],
  [
    { command: 'list_requests', requests: [], mayBeStale: true },
    ['Nobody is waiting', 'The tracker that answered is a backup: something new may be missing'],
  ],
  [
    {
      command: 'list_requests',
      requests: [
        { groupId: 'films', userId: 'bob', requestedAtMs: fileRow.sharedAtMs, deviceIds: [ID] },
        { groupId: 'films', userId: 'eve', requestedAtMs: fileRow.sharedAtMs, deviceIds: [] },
      ],
      mayBeStale: false,
    },
    [
      'GROUP  USER  ASKED AT (UTC)    WITH THE DEVICE',
      `films  bob   2026-11-22 07:45  ${SHORT}`,
      'films  eve   2026-11-22 07:45  unknown',
    ],
  ],
  [
    { command: 'accept_request', groupId: 'films', userId: 'bob', isOwn: false, deviceIds: [ID] },
    [`bob is now a member of films, on the device ${SHORT}`],
  ],
  [
    { command: 'accept_request', groupId: 'films', userId: 'bob', isOwn: true, deviceIds: [ID] },
    [`You are in films now on the device ${SHORT} too`],
  ],
  [{ command: 'reject_request', groupId: 'films', userId: 'bob' }, ['Refused bob in films']],
  [
    { command: 'list_file', groupId: 'films', files: [], mayBeStale: false },
    ['No files in films yet. Next: upload_file films <path>'],
  ],
  [
    { command: 'list_file', groupId: 'films', files: [fileRow], mayBeStale: false },
    [
      'FILE           SIZE  SEEDERS  LEECHERS  SHARED BY  SIGNED  SHARED AT (UTC)   ROOT',
      'holiday.mkv  100 MB        2         1  alice      yes     2026-11-22 07:45  abababababab',
    ],
  ],
  [
    {
      ...{ command: 'list_file', groupId: 'films', mayBeStale: false },
      files: [{ ...fileRow, isSigned: false, sharedByDevice: null }],
    },
    [
      'FILE           SIZE  SEEDERS  LEECHERS  SHARED BY  SIGNED  SHARED AT (UTC)   ROOT',
      'holiday.mkv  100 MB        2         1  alice      NO      2026-11-22 07:45  abababababab',
      'What is not signed cannot be downloaded: this device is not let in yet (list_members tells), or a tracker made the file up. If it did, ask whoever shared it to share it again',
    ],
  ],
  [
    { command: 'upload_file', share: shareRow },
    ['Sharing holiday.mkv (100 MB) in films from /home/alice/holiday.mkv'],
  ],
  [
    {
      ...{ command: 'download_file', status: 'started', strategy: null, seconds: 0, download: downloadRow },
      ...{ sharedBy: 'alice', sharedByDevice: ID },
    },
    [`Downloading holiday.mkv to /home/bob/holiday.mkv; alice shared and signed it, on the device ${SHORT}`],
  ],
  [
    {
      command: 'download_file',
      status: 'started',
      strategy: null,
      seconds: 0,
      download: { ...downloadRow, path: null },
      ...unknownSharer,
    },
    ['Downloading holiday.mkv'],
  ],
  [
    {
      ...{ command: 'download_file', status: 'completed', strategy: null, seconds: 8 },
      ...{ download: completedRow, ...unknownSharer },
    },
    [
      'Downloaded holiday.mkv to /home/bob/holiday.mkv (100 MB, 8.0 s, 12.5 MB/s, 100 pieces from alice, 68 pieces from carol)',
    ],
  ],
  [
    {
      command: 'download_file',
      status: 'completed',
      strategy: 'random',
      seconds: 4,
      download: { ...completedRow, resumedPieces: 200, peers: [] },
      ...unknownSharer,
    },
    ['Downloaded holiday.mkv to /home/bob/holiday.mkv (100 MB, 4.0 s, 12.5 MB/s, 200 pieces from before)'],
  ],
  [
    { command: 'cancel_download', groupId: 'films', name: 'holiday.mkv' },
    ['Cancelled the download of holiday.mkv; what was fetched is removed'],
  ],
  [{ command: 'show_downloads', downloads: [] }, ['No downloads. Next: download_file <groupid> <filename>']],
  [
    { command: 'show_downloads', downloads: [downloadRow, { ...downloadRow, waitingFor: 'no_peers' }] },
    [
      'GROUP  FILE         DONE    SIZE       RATE  PEERS  STATE',
      'films  holiday.mkv  42 %  100 MB  12.3 MB/s      2  downloading',
      'films  holiday.mkv  42 %  100 MB  12.3 MB/s      2  downloading: no peer with this file is online',
    ],
  ],
  [{ command: 'show_shares', shares: [] }, ['You share nothing. Next: upload_file <groupid> <path>']],
  [
    { command: 'show_shares', shares: [shareRow] },
    [
      'GROUP  FILE           SIZE  STATE    UPLOADED  PATH',
      'films  holiday.mkv  100 MB  serving    250 MB  /home/alice/holiday.mkv',
    ],
  ],
  [
    { command: 'stop_share', groupId: 'films', name: 'holiday.mkv' },
    ['You no longer share holiday.mkv in films. Your file stays where it is'],
  ],
  [{ command: 'quit' }, []],
  [
    {
      command: 'demo',
      ok: false,
      file: { name: 'node', size: 100_000_000, sha256: 'ab'.repeat(32) },
      sharedBy: 'alice',
      downloads: [
        {
          userId: 'bob',
          seconds: 2,
          bytesPerSecond: 50_000_000,
          totalPieces: 400,
          piecesFrom: { alice: 250, carol: 150 },
          sha256: 'ab'.repeat(32),
        },
        {
          userId: 'carol',
          seconds: 4,
          bytesPerSecond: 25_000_000,
          totalPieces: 400,
          piecesFrom: { alice: 400 },
          sha256: 'cd'.repeat(32),
        },
      ],
      failover: {
        killed: 'tracker-1',
        successor: 'tracker-2',
        longestWaitSeconds: 2.34,
        longestTransferPauseSeconds: 0.5,
        backInSyncSeconds: 1.1,
        acknowledged: 87,
        lost: 0,
      },
    },
    [
      '',
      `node, 100 MB, shared by alice; SHA-256 ${'ab'.repeat(32)}`,
      '',
      'PEER    TIME       RATE  PIECES  FROM alice  bob  carol  SHA-256',
      'bob    2.0 s  50.0 MB/s     400         250    -    150  abababab equal',
      'carol  4.0 s  25.0 MB/s     400         400    0      -  cdcdcdcd DIFFERENT',
      '',
      'tracker-1 was killed, tracker-2 took over: nobody waited longer than 2.3 s.',
      'No download paused for longer than 0.5 s.',
      'Of 87 registrations that were acknowledged none is lost.',
      'tracker-1 came back and was in sync after 1.1 s.',
      'All connections were encrypted, and every peer proved to the others that it is a member of the group.',
      'NOT every peer has the same bytes as the source.',
    ],
  ],
];

const atMs = fileRow.sharedAtMs;

/** What commands about devices, members and invitations answer, and what is shown for it. */
const MEMBERSHIP_RESULTS: readonly (readonly [CommandResult, string[]])[] = [
  [{ command: 'change_password' }, ['Changed the password. Your other devices stay logged in']],
  [
    {
      command: 'device_list',
      devices: [
        { deviceId: ID, name: 'desk', boundAtMs: atMs, isOnline: true, isRevoked: false, isThis: true },
        { deviceId: ID, name: 'old one', boundAtMs: atMs, isOnline: false, isRevoked: true, isThis: false },
        { deviceId: ID, name: '', boundAtMs: atMs, isOnline: false, isRevoked: false, isThis: false },
      ],
      mayBeStale: true,
    },
    [
      'DEVICE           NAME     SINCE (UTC)       STATE',
      `${SHORT}  desk     2026-11-22 07:45  online, this one`,
      `${SHORT}  old one  2026-11-22 07:45  revoked`,
      `${SHORT}           2026-11-22 07:45  offline`,
      'The tracker that answered is a backup: something new may be missing',
    ],
  ],
  [
    { command: 'device_revoke', deviceId: ID },
    [`Revoked ${SHORT}: it is out of all groups, and can never log in again`],
  ],
  [
    {
      command: 'list_members',
      groupId: 'films',
      groupKey: ID,
      members: [
        { userId: 'alice', role: 'admin', sinceMs: atMs, deviceIds: [ID, ID] },
        { userId: 'bob', role: 'member', sinceMs: atMs, deviceIds: [] },
      ],
      mayBeStale: false,
    },
    [
      'USER   ROLE    SINCE (UTC)       DEVICES',
      `alice  admin   2026-11-22 07:45  ${SHORT}, ${SHORT}`,
      'bob    member  2026-11-22 07:45  none is let in',
      'The key of films, which all its members see alike:',
      `  ${ID}`,
    ],
  ],
  [
    { command: 'list_members', groupId: 'films', groupKey: null, members: [], mayBeStale: false },
    ['USER  ROLE  SINCE (UTC)  DEVICES', 'This device is not let into films yet, and knows no key of it'],
  ],
  [
    { command: 'remove_member', groupId: 'films', userId: 'bob', openInvitations: 0 },
    ['bob is no longer a member of films'],
  ],
  [
    { command: 'remove_member', groupId: 'films', userId: 'bob', openInvitations: 2 },
    [
      'bob is no longer a member of films',
      'Whoever knows the code of an invitation can come back: 2 can still be used, see list_invitations and revoke_invitation',
    ],
  ],
  [
    { command: 'make_admin', groupId: 'films', userId: 'bob', deviceIds: [ID, 'A-B-C'] },
    [`bob is an admin of films now, on the devices ${SHORT}, A-B`],
  ],
  [
    { command: 'unmake_admin', groupId: 'films', userId: 'bob', deviceIds: [] },
    ['bob is no longer an admin of films, but still a member, on no device that can be told'],
  ],
  [
    {
      ...{ command: 'invite', groupId: 'my films', code: 'AAA-BBB', inviteId: ID, maxUses: 1 },
      expiresAtMs: atMs,
    },
    [
      'Whoever has this code first can join my films by it, until 2026-11-22 07:45 UTC:',
      '',
      '  AAA-BBB',
      '',
      'It is as secret as a password, and shown only now.',
      "It is used so: join_group 'my films' AAA-BBB",
      `It ends early by: revoke_invitation 'my films' ${SHORT}`,
    ],
  ],
  [
    { command: 'list_invitations', groupId: 'films', invitations: [], mayBeStale: false },
    ['No invitations to films can be used now. Next: invite films'],
  ],
  [
    {
      command: 'list_invitations',
      groupId: 'films',
      invitations: [
        { inviteId: ID, invitedBy: 'alice', createdAtMs: atMs, expiresAtMs: atMs, maxUses: 5, uses: 2 },
      ],
      mayBeStale: false,
    },
    [
      'INVITATION       BY     USED    MADE AT (UTC)     GOOD UNTIL (UTC)',
      `${SHORT}  alice  2 of 5  2026-11-22 07:45  2026-11-22 07:45`,
    ],
  ],
  [
    { command: 'revoke_invitation', groupId: 'films', inviteId: ID },
    ['Nobody joins films by that invitation any more'],
  ],
];

const copy = { file: '/b/copy', dataFolder: '/data/tracker', entries: 4, headIndex: 41, bytes: 12_345 };

/** What commands of operators answer, and what is shown for it. */
const OPERATOR_RESULTS: readonly (readonly [CommandResult, string[]])[] = [
  [
    { command: 'tracker_backup', ...copy },
    [
      'Copied the journal up to entry 41 (12.3 kB) from /data/tracker to /b/copy',
      'It holds the hash of every password: keep it where nobody else can read it',
    ],
  ],
  [
    { command: 'tracker_restore', ...copy },
    [
      'Restored the journal up to entry 41 from /b/copy. Next: minitorrent tracker with the data in /data/tracker',
      'What was acknowledged after the backup was made is lost',
    ],
  ],
  [
    { command: 'witness_init', clusterId: 'c1', place: '/data/witness', epoch: 41 },
    [
      'Made the register of the cluster once more, in /data/witness, where the lost one was: at epoch 41.',
      'Next: minitorrent witness --admit <the ids of its trackers>. The lost one must never come back: two registers make two primaries',
    ],
  ],
  [{ command: 'tracker_identity', deviceId: 'MFRGGZD', dataFolder: '/data' }, ['MFRGGZD']],
  [{ command: 'witness_identity', deviceId: 'MFRGGZD', dataFolder: '/data' }, ['MFRGGZD']],
  [
    { command: 'tracker_invite', link: 'minitorrent://a:1#MFRGGZD', trackers: [] },
    ['minitorrent://a:1#MFRGGZD'],
  ],
  [
    {
      command: 'connect',
      trackers: [{ address: 'a:1', deviceId: 'MFRGGZD' }],
      dataFolder: '/data',
      changed: ['a:1'],
    },
    [
      'Another device than before has to answer at a:1 from now on',
      'The tracker at a:1 is MFRGGZD',
      'Next: minitorrent peer',
    ],
  ],
  [{ command: 'tracker_promote', address: 'a:1' }, ['The tracker at a:1 decides changes from now on']],
];

/** Every event, and what is shown for it. */
const EVENTS: readonly (readonly [CliEvent, string])[] = [
  [
    {
      event: 'listening',
      role: 'tracker',
      address: '[::1]:7700',
      deviceId: 'MFRGGZD',
      dataFolder: '/data',
      journal: null,
      downloadFolder: null,
    },
    'The tracker listens on [::1]:7700 and keeps its data in /data; its id is MFRGGZD',
  ],
  [
    {
      event: 'listening',
      role: 'peer',
      address: '127.0.0.1:4000',
      deviceId: 'MFRGGZD',
      dataFolder: '/data',
      journal: null,
      downloadFolder: '/here',
    },
    'The peer listens on 127.0.0.1:4000; downloads go to /here',
  ],
  [
    { event: 'tracker-learned', address: 'a:1', deviceId: 'MFRGGZD' },
    'The tracker at a:1 is MFRGGZD. From now on it has to be; compare that with what minitorrent tracker identity tells there',
  ],
  [{ event: 'tracker-connected', address: 'a:1', userId: null }, 'Connected to the tracker at a:1'],
  [
    { event: 'tracker-lost', address: 'a:1', reason: 'it closed the connection', code: null, advice: null },
    'Lost the tracker at a:1: it closed the connection. Trying again; running transfers go on',
  ],
  [
    {
      ...{ event: 'tracker-lost', address: 'a:1', reason: 'it is B, expected A' },
      ...{ code: 'wrong_identity', advice: 'ask' },
    },
    'The tracker at a:1 is not used: it is B, expected A. Next: ask',
  ],
  [
    {
      event: 'login-needed',
      userId: 'alice',
      reason: 'this device was revoked; go on elsewhere',
      code: 'device_revoked',
    },
    'alice is logged out: this device was revoked. A new data folder (--data) makes a new device of this one',
  ],
  [
    { event: 'login-needed', userId: 'alice', reason: 'the password is another', code: 'wrong_password' },
    'alice has to log in again: the password is another. Next: login alice',
  ],
  [
    {
      event: 'login-needed',
      userId: 'alice',
      reason: 'alice has never logged in on this device; log in with the password once',
      code: 'unknown_device',
    },
    'alice has to log in again: alice has never logged in on this device, or the tracker has lost its data. Next: logout, then login alice; where it knows no such user, create_user alice in between',
  ],
  [
    { event: 'wrong-group-key', groupId: 'films', reason: 'it was founded by another', code: 'bad_proof' },
    'A tracker is not believed about films: it was founded by another. Next: ask its admin; if it was made anew, leave_group films and join again',
  ],
  [
    { event: 'device-waiting', groupId: 'films', userId: 'alice', deviceId: 'MFRGGZD-FMZTWQ2-BBBBBBB' },
    'This device, MFRGGZD-FMZTWQ2, is not let into films yet. Next, on another device of yours, or an admin: accept_request films alice',
  ],
  [
    { event: 'offline', userId: 'alice' },
    'Logged in as alice without a tracker: what you share is served, downloads go on with the peers they know',
  ],
  [
    {
      event: 'join-request',
      groupId: 'films',
      userId: 'bob',
      deviceIds: ['MFRGGZD-FMZTWQ2-BBBBBBB'],
      isOwn: false,
    },
    'bob asks to join films with the device MFRGGZD-FMZTWQ2: accept_request films bob, or reject_request',
  ],
  [
    { event: 'join-request', groupId: 'films', userId: 'bob', deviceIds: ['A-B-C', 'D-E-F'], isOwn: true },
    'Somebody logged in as you asks to join films with the devices A-B, D-E: accept_request films bob, or reject_request',
  ],
  [
    { event: 'join-request', groupId: 'films', userId: 'bob', deviceIds: [], isOwn: false },
    'bob asks to join films with no device that can be told: accept_request films bob, or reject_request',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'member', was: null },
    'You are now a member of films. Next: list_file films',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'member', was: 'admin' },
    'You are no longer an admin of films, but still a member',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'member', was: 'member' },
    'You are a member of films, as before',
  ],
  ...[null, 'member'].map(
    (was) =>
      [
        { event: 'membership-changed', groupId: 'films', standing: 'admin', was },
        'You are now an admin of films: you decide who is in it',
      ] as const,
  ),
  [
    { event: 'membership-changed', groupId: 'films', standing: 'admin', was: 'admin' },
    'You are an admin of films, as before',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'removed', was: 'member' },
    'You are no longer a member of films: an admin removed you, or you left it on another device. What you have downloaded stays',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'refused', was: null },
    'An admin refused your request to join films',
  ],
  [
    { event: 'membership-changed', groupId: 'films', standing: 'removed', was: null },
    'You are no longer a member of films',
  ],
  [{ event: 'download-started', groupId: 'films', name: 'a' }, 'Downloading a from films'],
  [
    { event: 'download-completed', groupId: 'films', name: 'a', path: '/here/a', totalBytes: 5 },
    'Downloaded a (5 B) to /here/a',
  ],
  [
    { event: 'download-failed', groupId: 'films', name: 'a', failure },
    'The download of a failed: Cannot write. Next: make room',
  ],
  [
    { event: 'peer-banned', groupId: 'films', name: 'a', userId: 'mallory', piece: 7 },
    'mallory was caught sending wrong data for a (piece 7) and is not asked again',
  ],
  [
    { event: 'share-changed', groupId: 'films', name: 'a', path: '/a', state: 'missing' },
    'a is not served: /a is gone',
  ],
  [
    { event: 'share-changed', groupId: 'films', name: 'a', path: '/a', state: 'changed' },
    'a is not served: /a was changed',
  ],
  [
    { event: 'share-changed', groupId: 'films', name: 'a', path: '/a', state: 'unreadable' },
    'a is not served: /a cannot be read: check its permissions',
  ],
  [
    { event: 'share-changed', groupId: 'films', name: 'a', path: '/a', state: 'serving' },
    'a is served again from /a',
  ],
  [{ event: 'notice', message: 'Type help' }, 'Type help'],
];

describe('resultLines', () => {
  it.each([...RESULTS, ...MEMBERSHIP_RESULTS, ...OPERATOR_RESULTS])('of %j', (result, lines) => {
    expect(resultLines(result)).toEqual(lines);
  });

  it('shows one command at length and all in short', () => {
    const details = [
      { name: 'groupid', summary: 'the group' },
      { name: '--to', summary: 'a folder' },
    ];
    const one = { name: 'a', usage: 'a <groupid>', summary: 'Does a', details };
    const two = { name: 'b', usage: 'b', summary: 'Does b', details: [] };
    expect(resultLines({ command: 'help', commands: [one] })).toEqual([
      'usage: a <groupid>',
      'Does a',
      '  groupid  the group',
      '  --to     a folder',
    ]);
    expect(resultLines({ command: 'help', commands: [one, two] }).slice(0, 2)).toEqual([
      'a <groupid>  Does a',
      'b            Does b',
    ]);
  });
});

describe('a narrow terminal', () => {
  it('shows lists without what can be spared', () => {
    const files = { command: 'list_file', groupId: 'films', files: [fileRow], mayBeStale: false } as const;
    expect(resultLines(files, 80)).toEqual([
      'FILE           SIZE  SEEDERS  LEECHERS  SHARED BY  SIGNED  SHARED AT (UTC)',
      'holiday.mkv  100 MB        2         1  alice      yes     2026-11-22 07:45',
    ]);
    for (const room of [40, 60, 80]) {
      const lines = [
        ...resultLines(files, room),
        ...resultLines({ command: 'show_downloads', downloads: [downloadRow] }, room),
        ...resultLines({ command: 'show_shares', shares: [shareRow] }, room),
      ];
      for (const line of lines) expect(line.length).toBeLessThanOrEqual(room);
    }
  });

  it.each([40, 47, 55, 62, 69])(
    'of %d columns breaks no word, and nothing that has spaces enough',
    (columns) => {
      const printed: string[] = [];
      const stdout = createFakeWorld().stdout;
      const print = (lines: readonly string[]) => void printed.push(...lines);
      const screen = { isLive: false, columns, rows: 24, print, setLive: () => undefined };
      const reporter = createHumanReporter({ screen, stdout, stderr: stdout });
      const name = 'a film of the last summer with a name that is long.mkv';
      const all: CommandResult[] = [
        ...[...RESULTS, ...MEMBERSHIP_RESULTS, ...OPERATOR_RESULTS].map(([result]) => result),
        { command: 'show_shares', shares: [{ ...shareRow, name, path: `/home/alice/${name}` }] },
        { command: 'show_downloads', downloads: [{ ...downloadRow, name }] },
        {
          command: 'list_file',
          groupId: 'films',
          files: [{ ...fileRow, name, isSigned: false }],
          mayBeStale: true,
        },
        { command: 'help', commands: SHELL_COMMANDS.map(helpOf) },
        ...SHELL_COMMANDS.map((one) => ({ command: 'help', commands: [helpOf(one)] }) as const),
      ];
      for (const result of all) reporter.result(result);
      for (const [event] of EVENTS) reporter.event(event);
      expect(printed.length).toBeGreaterThan(100);
      // What is to be copied is left to the terminal: it is indented, or has a word that fits into no line.
      const isForCopying = (line: string) =>
        line.startsWith('  minitorrent ') || line.split(/\s/).some((word) => word.length >= columns - 20);
      for (const line of printed.filter((each) => !isForCopying(each)))
        expect(line.length, line).toBeLessThanOrEqual(columns);
    },
  );

  it('shows how commands are written above what they do', () => {
    const commands = [
      { name: 'a', usage: 'a <b>', summary: 'Do a', details: [] },
      { name: 'long', usage: 'long <one> <other>', summary: 'Do something else', details: [] },
    ];
    expect(resultLines({ command: 'help', commands }, 37)[0]).toBe('a <b>               Do a');
    expect(resultLines({ command: 'help', commands }, 36).slice(0, 4)).toEqual([
      'a <b>',
      '    Do a',
      'long <one> <other>',
      '    Do something else',
    ]);
  });
});

/** As the prompt's help has it. */
function helpOf({ name, summary, parameters, options, ...command }: ShellCommand): CommandHelp {
  return {
    name,
    usage: usageOf({ ...command, name, parameters, options }),
    summary,
    details: [...parameters, ...options].map((each) => ({ name: each.name, summary: each.summary })),
  };
}

describe('eventLine', () => {
  it.each(EVENTS)('of %j', (event, line) => {
    expect(eventLine(event)).toBe(line);
  });
});

describe('failureLines', () => {
  it('says where, what, how it is written, and what next', () => {
    const origin = { command: 'join_group', line: 3 };
    expect(failureLines({ ...failure, usage: 'join_group <groupid>' }, origin)).toEqual([
      'error: line 3: join_group: Cannot write (disk_full)',
      'usage: join_group <groupid>',
      '  next: make room',
    ]);
    expect(
      failureLines({ code: null, message: 'odd', advice: null, usage: null }, { command: null, line: null }),
    ).toEqual(['error: odd']);
  });
});

describe('all human text', () => {
  /** The same report with every string in it replaced. */
  const poisoned = <T>(value: T, poison: string): T =>
    JSON.parse(
      JSON.stringify(value, (key, inner) =>
        typeof inner === 'string' && !['command', 'event'].includes(key) ? inner + poison : inner,
      ),
    );

  it('is harmless whatever a remote side put into any field', () => {
    const poison = fc.constantFrom(
      '\u001b]0;title\u0007',
      '\n$ forged',
      '\u009b2J',
      '\u202e',
      '\u200b',
      '\r',
    );
    fc.assert(
      fc.property(
        poison,
        fc.constantFrom(...RESULTS, ...MEMBERSHIP_RESULTS, ...OPERATOR_RESULTS),
        fc.constantFrom(...EVENTS),
        (text, [result], [event]) => {
          const lines = [
            ...resultLines(poisoned(result, text)),
            eventLine(poisoned(event, text)),
            ...failureLines(poisoned({ ...failure, usage: 'x' }, text), { command: `x${text}`, line: 1 }),
          ];
          for (const line of lines) expect(line).not.toMatch(/[\p{Cc}\p{Cf}]/u);
        },
      ),
      { numRuns: 500 },
    );
  });
});
