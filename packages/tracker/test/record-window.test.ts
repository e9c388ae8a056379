import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { genesis } from '../src/entry.ts';
import { RecordWindow } from '../src/replication/record-window.ts';
import { isMove, moveRole } from '../src/replication/role.ts';
import { chain } from './journal-contract.ts';

const ALL = { entries: 1_000, bytes: 1_000_000 };
const records = chain(100);

describe('RecordWindow', () => {
  it('knows the end of what was pushed, whatever its limits are', async () => {
    await fc.assert(
      fc.property(fc.nat({ max: 100 }), fc.integer({ min: 1, max: 30 }), (count, entries) => {
        const window = new RecordWindow(genesis, records.slice(0, count), { entries, bytes: 1e9 });
        expect(window.head).toEqual(records[count - 1]?.position ?? genesis);
        const kept = window.after(window.base.index, ALL);
        expect(kept.length).toBeLessThanOrEqual(entries * 1.25);
        expect(kept).toEqual(records.slice(window.base.index, count));
        for (const { position } of kept) expect(window.has(position)).toBe(true);
        expect(window.at(window.base.index)).toEqual(window.base);
        expect(window.at(window.base.index - 1)).toBeUndefined();
        expect(window.after(window.base.index - 1, ALL)).toEqual([]);
      }),
    );
  });

  it('keeps no more bytes than it may', () => {
    const bytes = records.slice(0, 10).reduce((sum, record) => sum + record.bytes.length, 0);
    const window = new RecordWindow(genesis, records, { entries: 1_000, bytes });
    expect(window.base.index).toBeGreaterThan(80);
    expect(window.head.index).toBe(100);
  });

  it('is cut, and begins anew', () => {
    const window = new RecordWindow(genesis, records);
    window.truncateAfter(7);
    expect(window.head).toEqual(records[6]?.position);
    expect(window.has(records[7]?.position ?? genesis)).toBe(false);
    window.restart(records[49]?.position ?? genesis);
    expect([window.head.index, window.base.index, window.after(0, ALL)]).toEqual([50, 50, []]);
  });

  it('finds the last place that another journal may share', () => {
    const window = new RecordWindow(genesis, records.slice(0, 10));
    const hash = new Uint8Array(32);
    expect(window.lastNotAfter({ epoch: 1, index: 4, hash })?.index).toBe(4);
    expect(window.lastNotAfter({ epoch: 9, index: 40, hash })?.index).toBe(10);
    expect(window.lastNotAfter({ epoch: 0, index: 4, hash })).toEqual(genesis);
    window.restart(records[4]?.position ?? genesis);
    expect(window.lastNotAfter({ epoch: 1, index: 4, hash })).toBeUndefined();
  });
});

describe('moveRole', () => {
  it('makes the moves of its table and throws for others', () => {
    expect(moveRole('backup', 'candidate')).toBe('candidate');
    expect(isMove('primary', 'unknown')).toBe(false);
    expect(() => moveRole('primary', 'unknown')).toThrow('Cannot become unknown as primary');
  });
});
