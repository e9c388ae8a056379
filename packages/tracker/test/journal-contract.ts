/** What every `Journal` must do, whatever keeps it. `reopen` closes the journal and opens what it kept. */
import { describe, expect, it } from 'vitest';
import { genesis, type JournalRecord, openRecord, sameBytes, sealEntry } from '../src/entry.ts';
import type { Journal } from '../src/journal/journal.ts';
import type { JournalPosition } from '../src/messages.ts';

/** One place where a journal is kept. */
export interface JournalPlace extends AsyncDisposable {
  /** Opens the journal here; the one before is closed first. */
  open(): Promise<Journal>;
}

const ALL = { entries: 1_000_000, bytes: 1_000_000_000 };

export function journalContract(name: string, createPlace: () => Promise<JournalPlace>): void {
  describe(`${name} as a Journal`, () => {
    it('is empty at first', async () => {
      await using place = await createPlace();
      const journal = await place.open();
      expect(journal.head).toEqual(genesis);
      expect(journal.base).toBe(0);
      expect(await journal.read(0, ALL)).toEqual([]);
      expect(await journal.readSnapshot()).toBeUndefined();
    });

    it('keeps what it acknowledged, in order, across a restart', async () => {
      await using place = await createPlace();
      const records = chain(300);
      const first = await place.open();
      await first.append(records.slice(0, 100));
      // In flight together: each is durable when its promise resolves.
      await Promise.all(records.slice(100).map((record) => first.append([record])));
      expect(first.head).toEqual(records.at(-1)?.position);
      const second = await place.open();
      expect(second.head).toEqual(records.at(-1)?.position);
      expect(await second.read(0, ALL)).toEqual(records);
    });

    it('moves its head only when an entry is durable, and resolves in order', async () => {
      await using place = await createPlace();
      const journal = await place.open();
      const resolved: number[] = [];
      const appends = chain(20).map(async (record) => {
        await journal.append([record]);
        expect(journal.head.index).toBeGreaterThanOrEqual(record.position.index);
        resolved.push(record.position.index);
      });
      await Promise.all(appends);
      expect(resolved).toEqual(Array.from({ length: 20 }, (_, at) => at + 1));
    });

    it('reads from any place, within the limits, at least one entry', async () => {
      await using place = await createPlace();
      const records = chain(10);
      const journal = await place.open();
      await journal.append(records);
      expect(await journal.read(4, ALL)).toEqual(records.slice(4));
      expect(await journal.read(4, { ...ALL, entries: 3 })).toEqual(records.slice(4, 7));
      expect(await journal.read(0, { ...ALL, bytes: 1 })).toEqual(records.slice(0, 1));
      expect(await journal.read(10, ALL)).toEqual([]);
    });

    it('refuses entries that do not follow', async () => {
      await using place = await createPlace();
      const journal = await place.open();
      const [first, second, third] = chain(3);
      if (first === undefined || second === undefined || third === undefined)
        throw new Error('three entries');
      await expect(journal.append([second])).rejects.toThrow(RangeError);
      await expect(journal.append([first, third])).rejects.toThrow(RangeError);
      await journal.append([first, second]);
      await expect(journal.append([second])).rejects.toThrow('expected 3');
      await journal.append([third]);
      expect(journal.head.index).toBe(3);
    });

    it('drops the entries that a snapshot stands for', async () => {
      await using place = await createPlace();
      const records = chain(10);
      const journal = await place.open();
      await journal.append(records.slice(0, 8));
      for (const [upTo, text] of [
        [4, 'first'],
        [8, 'second'],
      ] as const) {
        const position = records[upTo - 1]?.position ?? genesis;
        await journal.writeSnapshot({ position, bytes: new TextEncoder().encode(text) });
      }
      expect(journal.base).toBe(8);
      expect(journal.head).toEqual(records[7]?.position);
      await journal.append(records.slice(8));

      const again = await place.open();
      expect(again.base).toBe(8);
      expect(again.head).toEqual(records[9]?.position);
      expect(await again.read(8, ALL)).toEqual(records.slice(8));
      await expect(again.read(7, ALL)).rejects.toThrow('entries up to 8 were dropped');
      const snapshot = await again.readSnapshot();
      expect(snapshot?.position).toEqual(records[7]?.position);
      expect(new TextDecoder().decode(snapshot?.bytes)).toBe('second');
    });

    it('keeps as many entries before a snapshot as it is asked to, and never takes one back', async () => {
      await using place = await createPlace();
      const records = chain(20);
      let journal = await place.open();
      await journal.append(records.slice(0, 18));
      const snapshotAt = (index: number, keepEntries: number): Promise<void> =>
        journal.writeSnapshot(
          { position: positionOf(records, index), bytes: numbered(index) },
          { keepEntries },
        );
      await snapshotAt(10, 4);
      expect([journal.base, journal.head]).toEqual([6, positionOf(records, 18)]);
      expect(await journal.read(6, ALL)).toEqual(records.slice(6, 18));
      await expect(journal.read(5, ALL)).rejects.toThrow('entries up to 6 were dropped');
      await snapshotAt(12, 100);
      expect(journal.base).toBe(6);
      journal = await place.open();
      expect(journal.base).toBe(6);
      await snapshotAt(17, 5);
      expect(journal.base).toBe(12);

      const again = await place.open();
      expect([again.base, again.head]).toEqual([12, positionOf(records, 18)]);
      expect(await again.readSnapshot()).toEqual({ position: positionOf(records, 17), bytes: numbered(17) });
      expect(await again.read(12, { ...ALL, entries: 2 })).toEqual(records.slice(12, 14));
      if (!again.isShared) {
        // The snapshot stands for what lies before it, so there is no state to go back to.
        await expect(again.truncateAfter(16)).rejects.toThrow('expected 17 to 18');
        await again.truncateAfter(17);
        expect(await again.read(12, ALL)).toEqual(records.slice(12, 17));
        await again.append(records.slice(17, 18));
      }
      await again.append(records.slice(18));
      expect((await place.open()).head).toEqual(positionOf(records, 20));
    });

    it('keeps the later of two snapshots, and none that its entries do not lead to', async () => {
      await using place = await createPlace();
      const records = chain(9);
      const journal = await place.open();
      await journal.append(records);
      await journal.writeSnapshot({ position: genesis, bytes: numbered(0) });
      expect(await journal.readSnapshot()).toBeUndefined();
      for (const index of [6, 4, 6]) {
        await journal.writeSnapshot({ position: positionOf(records, index), bytes: numbered(index) });
        expect((await journal.readSnapshot())?.bytes).toEqual(numbered(6));
      }
      const other = { ...positionOf(records, 8), hash: new Uint8Array(32).fill(1) };
      await expect(journal.writeSnapshot({ position: other, bytes: numbered(8) })).rejects.toMatchObject({
        code: 'journal_corrupt',
      });
      const ahead = { ...positionOf(records, 9), index: 10 };
      await expect(journal.writeSnapshot({ position: ahead, bytes: numbered(10) })).rejects.toThrow(
        RangeError,
      );
      expect((await journal.readSnapshot())?.position.index).toBe(6);
      expect(await journal.read(6, ALL)).toEqual(records.slice(6));
    });

    it('keeps a large snapshot whole while it goes on appending', async () => {
      await using place = await createPlace();
      const records = chain(60);
      const journal = await place.open();
      await journal.append(records.slice(0, 30));
      const bytes = new Uint8Array(5_000_000).map((_, at) => (at * 31) >> 4);
      const writing = journal.writeSnapshot({ position: positionOf(records, 30), bytes });
      for (const record of records.slice(30, 50)) await journal.append([record]);
      await writing;
      await journal.append(records.slice(50));
      const again = await place.open();
      expect([again.base, again.head.index]).toEqual([30, 60]);
      expect(sameBytes((await again.readSnapshot())?.bytes ?? new Uint8Array(0), bytes)).toBe(true);
      expect(await again.read(30, ALL)).toEqual(records.slice(30));
    });

    it('says how much it keeps', async () => {
      await using place = await createPlace();
      const records = chain(12);
      const bytesOf = (from: number): number =>
        records.slice(from).reduce((total, { bytes }) => total + bytes.length, 0);
      const journal = await place.open();
      expect(await journal.size()).toEqual({ entries: 0, entryBytes: 0, snapshotBytes: 0 });
      await journal.append(records);
      expect(await journal.size()).toEqual({ entries: 12, entryBytes: bytesOf(0), snapshotBytes: 0 });
      await journal.writeSnapshot(
        { position: positionOf(records, 9), bytes: numbered(9) },
        { keepEntries: 2 },
      );
      const expected = { entries: 3, entryBytes: bytesOf(9), snapshotBytes: 100 };
      expect(await journal.size()).toEqual(expected);
      expect(await (await place.open()).size()).toEqual(expected);
    });

    it('writes no snapshot when it is told to stop', async () => {
      await using place = await createPlace();
      const records = chain(3);
      const journal = await place.open();
      await journal.append(records);
      const snapshot = { position: positionOf(records, 2), bytes: numbered(2) };
      await expect(journal.writeSnapshot(snapshot, { signal: AbortSignal.abort() })).rejects.toThrow(
        'aborted',
      );
      expect(await journal.readSnapshot()).toBeUndefined();
      expect(await journal.read(0, ALL)).toEqual(records);
    });

    it('stands where its snapshot does when no entry follows', async () => {
      await using place = await createPlace();
      const records = chain(3);
      const journal = await place.open();
      await journal.append(records);
      await journal.writeSnapshot({ position: records[2]?.position ?? genesis, bytes: new Uint8Array(5) });
      const again = await place.open();
      expect(again.head).toEqual(records[2]?.position);
      await again.append(chain(4).slice(3));
    });

    it('keeps the id of its store, which is 16 bytes', async () => {
      await using place = await createPlace();
      const { storeId } = await place.open();
      expect(storeId).toHaveLength(16);
      expect((await place.open()).storeId).toEqual(storeId);
    });

    it('cuts off what no other tracker has, and goes on from there', async () => {
      await using place = await createPlace();
      const records = chain(10);
      const journal = await place.open();
      await journal.append(records);
      if (journal.isShared) {
        await expect(journal.truncateAfter(5)).rejects.toThrow(TypeError);
        return;
      }
      await expect(journal.truncateAfter(11)).rejects.toThrow(RangeError);
      await journal.truncateAfter(10);
      expect(journal.head).toEqual(records[9]?.position);
      await journal.truncateAfter(6);
      expect(journal.head).toEqual(records[5]?.position);
      expect(await journal.read(0, ALL)).toEqual(records.slice(0, 6));
      const again = await place.open();
      expect(again.head).toEqual(records[5]?.position);
      await again.append(records.slice(6, 8));
      await again.writeSnapshot({ position: records[6]?.position ?? genesis, bytes: new Uint8Array(3) });
      await expect(again.truncateAfter(6)).rejects.toThrow('Cannot cut after entry 6: expected 7 to 8');
      await again.truncateAfter(7);
      expect(again.head).toEqual(records[6]?.position);
      expect((await place.open()).head).toEqual(records[6]?.position);
    });

    it('can be cut down to nothing', async () => {
      await using place = await createPlace();
      const journal = await place.open();
      if (journal.isShared) return;
      await journal.append(chain(3));
      await journal.truncateAfter(0);
      expect(journal.head).toEqual(genesis);
      const again = await place.open();
      expect(again.head).toEqual(genesis);
      await again.append(chain(2));
    });

    it('goes on from a snapshot of another tracker', async () => {
      await using place = await createPlace();
      const records = chain(20);
      const journal = await place.open();
      await journal.append(records.slice(0, 4));
      const snapshot = { position: records[11]?.position ?? genesis, bytes: new Uint8Array(7).fill(3) };
      if (journal.isShared) {
        await expect(journal.installSnapshot(snapshot)).rejects.toThrow(TypeError);
        return;
      }
      await journal.installSnapshot(snapshot);
      expect([journal.base, journal.head]).toEqual([12, snapshot.position]);
      await journal.append(records.slice(12, 14));
      const again = await place.open();
      expect([again.base, again.head]).toEqual([12, records[13]?.position]);
      expect((await again.readSnapshot())?.bytes).toEqual(snapshot.bytes);
      expect(await again.read(12, ALL)).toEqual(records.slice(12, 14));
    });

    it('finishes what was appended before it closes, and refuses everything after', async () => {
      await using place = await createPlace();
      const journal = await place.open();
      const records = chain(5);
      const appended = records.map((record) => journal.append([record]));
      await Promise.all([journal.close(), journal.close()]);
      await Promise.all(appended);
      const position = genesis;
      for (const call of [
        () => journal.append(chain(6).slice(5)),
        () => journal.read(0, ALL),
        () => journal.readSnapshot(),
        () => journal.writeSnapshot({ position, bytes: new Uint8Array(0) }),
        () => journal.installSnapshot({ position, bytes: new Uint8Array(0) }),
        () => journal.truncateAfter(0),
        () => journal.size(),
      ]) {
        await expect(call()).rejects.toMatchObject({ code: 'closed' });
      }
      expect((await place.open()).head.index).toBe(5);
    });
  });
}

function positionOf(records: readonly JournalRecord[], index: number): JournalPosition {
  return records[index - 1]?.position ?? genesis;
}

/** Bytes to tell one snapshot from another. */
function numbered(index: number): Uint8Array {
  return new Uint8Array(100).fill(index);
}

/** The first `count` entries of a journal that is the same each time. */
export function chain(count: number): JournalRecord[] {
  const records: JournalRecord[] = [];
  let previous = genesis;
  for (let index = 1; index <= count; index += 1) {
    const record = sealEntry({
      version: 1,
      epoch: 1,
      index,
      requestId: new Uint8Array(16).fill(index),
      fingerprint: new Uint8Array(16),
      result: { kind: 'done' },
      events: [{ kind: 'user_created', userId: `user-${index}`, passwordHash: 'hash', atMs: index }],
      prevHash: previous.hash,
    });
    openRecord(record, previous);
    records.push(record);
    previous = record.position;
  }
  return records;
}
