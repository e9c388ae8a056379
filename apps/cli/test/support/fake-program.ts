/**
 * Stands in for `minitorrent` as a child of the demonstration: answers every command at once, in one of these ways.
 *
 * good; garbage: writes something that is no report; dies: ends when it is to log in; hangs: never answers a download;
 * stubborn: like hangs, and cannot be ended by SIGTERM. Where a download went is in FAKE_DOWNLOAD.
 */
import { createInterface } from 'node:readline';

const [mode = 'good', role] = process.argv.slice(2);
const name = process.argv[process.argv.indexOf('--data') + 1]?.split('/').at(-1) ?? '';
const say = (line: object) => process.stdout.write(`${JSON.stringify(line)}\n`);
const download = {
  groupId: 'holiday-videos',
  name: 'file',
  path: process.env.FAKE_DOWNLOAD ?? null,
  state: 'completed',
  totalBytes: 10,
  verifiedBytes: 10,
  totalPieces: 2,
  verifiedPieces: 2,
  resumedPieces: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
  waitingFor: null,
  peers: [
    { userId: 'alice', address: 'a:1', state: 'connected', pieces: 1, bytesPerSecond: 0 },
    { userId: 'alice', address: 'a:2', state: 'connected', pieces: 1, bytesPerSecond: 0 },
  ],
};

const answers: Record<string, () => void> = {
  create_user: () => undefined,
  login() {
    if (mode === 'dies' && name === 'bob') {
      process.stderr.write('out of coffee\n');
      process.exit(3);
    }
  },
  create_group() {
    for (const userId of ['bob', 'carol', 'dave']) {
      say({ type: 'event', event: 'join-request', groupId: 'holiday-videos', userId });
    }
  },
  join_group: () => say({ type: 'event', event: 'membership-changed', groupId: 'g', standing: 'member' }),
  accept_request: () => undefined,
  upload_file: () =>
    say({ type: 'progress', activity: 'hash', groupId: 'g', path: 'p', hashedBytes: 5, totalBytes: 10 }),
  download_file: () =>
    say({ type: 'progress', activity: 'download', download: { ...download, verifiedBytes: 5 } }),
};

if (mode === 'stubborn') process.on('SIGTERM', () => undefined);
say({
  type: 'event',
  event: 'listening',
  role,
  address: '127.0.0.1:1',
  deviceId: 'ID',
  dataFolder: '/d',
  journal: null,
  downloadFolder: null,
});
if (mode === 'garbage' && role === 'peer') process.stdout.write('Segmentation fault\n');
createInterface({ input: process.stdin })
  .on('line', (text) => {
    const command = text.split(' ')[0] ?? '';
    const answer = answers[command];
    // A line that is no command is a password.
    if (answer === undefined) return;
    answer();
    const isHung = (mode === 'hangs' || mode === 'stubborn') && command === 'download_file';
    if (!isHung)
      say({ type: 'result', command, ...(command === 'download_file' ? { seconds: 2, download } : {}) });
  })
  .on('close', () => process.exit(0));
