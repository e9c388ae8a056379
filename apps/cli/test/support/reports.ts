/** Reports with all their fields filled in, as a starting point for tests. */
import type { DownloadRow, FileRow, ShareRow } from '../../src/output/file-reports.ts';
import { idOf } from './devices.ts';

export const downloadRow: DownloadRow = {
  groupId: 'films',
  name: 'holiday.mkv',
  path: '/home/bob/holiday.mkv',
  state: 'downloading',
  totalBytes: 100_000_000,
  verifiedBytes: 42_000_000,
  totalPieces: 400,
  verifiedPieces: 168,
  resumedPieces: 0,
  bytesPerSecond: 12_300_000,
  secondsLeft: 4.7,
  waitingFor: null,
  peers: [
    { userId: 'alice', address: '10.0.0.1:4000', state: 'connected', pieces: 100, bytesPerSecond: 8_000_000 },
    { userId: 'carol', address: '10.0.0.2:4000', state: 'connected', pieces: 68, bytesPerSecond: 4_300_000 },
    { userId: 'dave', address: '10.0.0.3:4000', state: 'connecting', pieces: 0, bytesPerSecond: 0 },
  ],
};

export const completedRow: DownloadRow = {
  ...downloadRow,
  state: 'completed',
  verifiedBytes: 100_000_000,
  verifiedPieces: 400,
  bytesPerSecond: 0,
  secondsLeft: null,
};

export const fileRow: FileRow = {
  name: 'holiday.mkv',
  size: 100_000_000,
  root: 'ab'.repeat(32),
  sharedBy: 'alice',
  sharedByDevice: idOf(7),
  isSigned: true,
  sharedAtMs: Date.UTC(2026, 10, 22, 7, 45),
  seeders: 2,
  leechers: 1,
};

export const shareRow: ShareRow = {
  groupId: 'films',
  name: 'holiday.mkv',
  size: 100_000_000,
  root: 'ab'.repeat(32),
  path: '/home/alice/holiday.mkv',
  state: 'serving',
  isListed: true,
  uploadedBytes: 250_000_000,
};
