import { describe, expect, it } from 'vitest';
import type { TrackerStatusRow } from '../src/output/operator-reports.ts';
import { trackerStatusLines } from '../src/output/tracker-status-lines.ts';

const ALONE: TrackerStatusRow = {
  address: 'a:7700',
  role: 'alone',
  reason: 'started',
  sinceMs: 3_000,
  storeId: 'aa'.repeat(16),
  epoch: 0,
  primary: null,
  inSync: [],
  headIndex: 41,
  acknowledgedIndex: 41,
  witness: 'none',
  others: [],
  lastTakeover: null,
  faults: [],
};
const OTHER = { address: 'b:7700', storeId: null, isInSync: true, lag: 2, heardMsAgo: 250 };
const PRIMARY: TrackerStatusRow = {
  ...ALONE,
  role: 'primary',
  reason: 'a backup is in sync',
  epoch: 2,
  primary: ALONE.storeId,
  inSync: [ALONE.storeId, 'bb'.repeat(16)],
  acknowledgedIndex: 39,
  witness: 'answers',
  others: [OTHER],
  lastTakeover: { epoch: 1, msAgo: 61_000, reason: 'founded' },
  faults: [{ msAgo: 9_700, reason: 'the disk is slow' }],
};

describe('trackerStatusLines', () => {
  it('says little of a tracker without others', () => {
    const entries = 'Entries in the journal: 41, all acknowledged';
    expect(trackerStatusLines(ALONE, 80)).toEqual(['The tracker at a:7700 stands alone', entries]);
    expect(trackerStatusLines({ ...ALONE, role: 'failed', reason: 'its journal failed' }, 80)).toEqual([
      'The tracker at a:7700 failed: its journal failed',
      entries,
    ]);
  });

  it('says of one of several who is in sync, how the others are, and what is wrong', () => {
    expect(trackerStatusLines(PRIMARY, 80)).toEqual([
      'The tracker at a:7700 is the primary, for 3.0 s (a backup is in sync)',
      'Epoch 2, 2 in sync; entries in the journal: 41, acknowledged up to 39',
      'Witness: answers',
      'OTHER TRACKER  IN SYNC  LACKS  ANSWERED',
      'b:7700         yes          2  0.3 s ago',
      'Last takeover: 1 min 01 s ago, to epoch 1 (founded)',
      'Look at this (9.7 s ago): the disk is slow',
    ]);
  });

  it('tells a person when one is needed', () => {
    const safe: TrackerStatusRow = { ...PRIMARY, role: 'safe', witness: 'none' };
    expect(trackerStatusLines(safe, 80).at(-1)).toContain('minitorrent tracker promote');
    expect(trackerStatusLines({ ...PRIMARY, witness: 'silent' }, 80)[2]).toContain('SILENT');
  });
});
