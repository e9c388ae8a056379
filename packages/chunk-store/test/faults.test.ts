import { describe, expect, it } from 'vitest';
import { type DownloadStore, StoreError } from '../src/index.ts';
import { isSameBytes } from './bytes.ts';
import { FINAL, open, piece, pieceBytes, wholeFile } from './download-scenario.ts';
import { codeOfCall } from './error-code.ts';
import { errno, FaultFileSystem, type Step } from './fault-file-system.ts';

const NEEDS_SPACE = /^(open create|write|truncate|sync|rename|link)/;

describe('a download on a disk that fails', () => {
  it.each([
    ['ENOSPC', 'disk_full'],
    ['EDQUOT', 'disk_full'],
    ['EIO', 'io_failed'],
  ])('survives %s at every single step, as %s, and loses nothing verified', async (code, wanted) => {
    const smooth = createFileSystem();
    await download(smooth, []);
    for (let number = 1; number <= smooth.steps; number += 1) {
      const fs = createFileSystem();
      const failed: Step[] = [];
      fs.beforeStep = (step) => {
        if (step.number !== number || !NEEDS_SPACE.test(step.action)) return;
        failed.push(step);
        throw errno(code);
      };
      const codes: string[] = [];
      await download(fs, codes);
      expect(codes, `after ${failed[0]?.action} ${failed[0]?.path}`).toEqual(failed.map(() => wanted));
      expect(fs.openHandles).toBe(0);
      expect(isSameBytes(fs.contents().get(FINAL), wholeFile())).toBe(true);
    }
  });

  it('keeps every verified piece while the disk stays full, and goes on when it is not', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    await store.writePiece(piece(0));
    fs.beforeStep = ({ action }) => {
      if (NEEDS_SPACE.test(action)) throw errno('ENOSPC');
    };
    expect(await codeOfCall(store.writePiece(piece(1)))).toBe('disk_full');
    expect(await codeOfCall(store.writePiece(piece(2)))).toBe('disk_full');
    expect([...store.have.indices()]).toEqual([0]);
    expect(isSameBytes(await store.readBlock(0, 0, 65_536), pieceBytes(0))).toBe(true);
    fs.beforeStep = () => {};
    for (const index of [1, 2, 3]) await store.writePiece(piece(index));
    await store.complete();
    expect(isSameBytes(fs.contents().get(FINAL), wholeFile())).toBe(true);
  });

  it('keeps what is written while the record cannot be', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    await store.writePiece(piece(0));
    await store.flush();
    await store.writePiece(piece(1));
    const removeFault = failAt(
      fs,
      (step) => step.action === 'write' && step.path.endsWith('.resume.new'),
      'ENOSPC',
    );
    expect(await codeOfCall(store.flush())).toBe('disk_full');
    expect([...store.have.indices()]).toEqual([0, 1]);
    removeFault();
    const crashed = fs.afterCrash('process', () => 0);
    await using resumed = await open(crashed, 'other');
    expect([...resumed.have.indices()]).toEqual([0, 1]);
    await store.flush();
  });

  it('takes back the pieces whose sync failed: nobody knows what became of them', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    await store.writePiece(piece(0));
    await store.flush();
    await store.writePiece(piece(1));
    const removeFault = failAt(
      fs,
      ({ action, path }) => action === 'syncData' && path.endsWith('.part'),
      'EIO',
    );
    expect(await codeOfCall(store.flush())).toBe('io_failed');
    expect([...store.have.indices()]).toEqual([0]);
    removeFault();
    await store.flush();
    await store.writePiece(piece(1));
    expect(store.have.has(1)).toBe(true);
  });

  it('does not count a piece that was written while a sync failed', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    await store.writePiece(piece(0));
    const { promise: written, resolve: release } = Promise.withResolvers<void>();
    fs.beforeStep = async ({ action, path }) => {
      if (action === 'syncData') throw errno('EIO');
      if (action === 'write' && path.endsWith('.leaves')) await written;
    };
    const writing = codeOfCall(store.writePiece(piece(1)));
    expect(await codeOfCall(store.flush())).toBe('io_failed');
    release();
    expect(await writing).toBe('io_failed');
    expect(store.have.count).toBe(0);
    fs.beforeStep = () => {};
  });

  it('fails where the disk accepts nothing, instead of trying for ever', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    fs.maxTransfer = 0;
    expect(await codeOfCall(store.writePiece(piece(0)))).toBe('io_failed');
    fs.maxTransfer = 1_000;
    await store.writePiece(piece(0));
  });

  it('reads and writes whole pieces over short transfers', async () => {
    const fs = createFileSystem();
    fs.maxTransfer = 777;
    await download(fs, []);
    expect(isSameBytes(fs.contents().get(FINAL), wholeFile())).toBe(true);
  });

  it('flushes by itself when the policy says so, at most one interval behind', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me', { flushPolicy: { maxBytes: 65_536, maxDelayMs: 1_000 } });
    for (const index of [0, 1, 2]) await store.writePiece(piece(index));
    const crashed = fs.afterCrash('power', () => 0);
    await using resumed = await open(crashed, 'other');
    expect([...resumed.have.indices()]).toEqual(expect.arrayContaining([0, 1]));
  });

  it('waits with the next write for a flush that is late, and says once that it failed', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me', { flushPolicy: { maxBytes: 65_536, maxDelayMs: 1_000 } });
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    fs.beforeStep = async ({ action }) => {
      if (action !== 'syncData') return;
      await released;
      throw errno('EIO');
    };
    await store.writePiece(piece(0));
    let isSettled = false;
    const second = codeOfCall(store.writePiece(piece(1))).finally(() => {
      isSettled = true;
    });
    expect(await store.readBlock(0, 0, 1)).toEqual(pieceBytes(0).slice(0, 1));
    expect(isSettled).toBe(false);
    release();
    expect(await second).toBe('io_failed');
    fs.beforeStep = () => {};
    await store.flush();
    for (const index of store.have.missing()) await store.writePiece(piece(index));
    await store.complete();
  });

  it('reports every flush behind that failed, also when two writes find one due at a time', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me', { flushPolicy: { maxBytes: 1, maxDelayMs: 1_000 } });
    const removeFault = failAt(fs, ({ action }) => action === 'syncData', 'ENOSPC');
    const writes = await Promise.all([0, 1, 2, 3].map((index) => codeOfCall(store.writePiece(piece(index)))));
    const flushed = await codeOfCall(store.flush());
    expect([...writes, flushed]).toContain('disk_full');
    expect(store.have.count).toBe(0);
    removeFault();
    expect(await codeOfCall(store.complete())).toBe('incomplete');
    await writeMissing(store, [...store.have.missing()]);
    await store.complete();
  });

  it('names a failed flush as the reason why the file is incomplete', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me', {
      flushPolicy: { maxBytes: 3 * 65_536 + 1, maxDelayMs: 1_000 },
    });
    await store.writePiece(piece(3));
    await store.writePiece(piece(2));
    await store.writePiece(piece(1));
    const removeFault = failAt(fs, ({ action }) => action === 'syncData', 'ENOSPC');
    await store.writePiece(piece(0));
    const completing = store.complete();
    await expect(completing).rejects.toMatchObject({ code: 'incomplete', cause: { code: 'disk_full' } });
    removeFault();
  });

  it('lets a flush behind end before it closes', async () => {
    const fs = createFileSystem();
    const store = await open(fs, 'me', { flushPolicy: { maxBytes: 65_536, maxDelayMs: 1_000 } });
    await store.writePiece(piece(0));
    await store.discard();
    expect(fs.openHandles).toBe(0);
    expect(fs.contents().size).toBe(0);
  });

  it('passes on what is not an error of the operating system', async () => {
    const fs = createFileSystem();
    await using store = await open(fs, 'me');
    const bug = new TypeError('a bug');
    fs.beforeStep = () => {
      throw bug;
    };
    await expect(store.writePiece(piece(0))).rejects.toBe(bug);
    fs.beforeStep = () => {};
  });

  it('needs no hard links, and overwrites nothing without them either', async () => {
    const fs = createFileSystem();
    failAt(fs, ({ action }) => action === 'link', 'EPERM');
    const store = await open(fs, 'me');
    for (const index of [0, 1, 2, 3]) await store.writePiece(piece(index));
    fs.plant(FINAL, Uint8Array.of(1));
    expect(await codeOfCall(store.complete())).toBe('already_exists');
    fs.plant(FINAL, undefined);
    await store.complete();
    await store.close();
    expect(isSameBytes(fs.contents().get(FINAL), wholeFile())).toBe(true);
    expect([...fs.contents().keys()].filter((path) => path.endsWith('.part'))).toEqual([]);
  });
});

function createFileSystem(): FaultFileSystem {
  return new FaultFileSystem(['/files', '/state']);
}

/** Downloads the file, trying each step again that failed; notes the codes of the failures. */
async function download(fs: FaultFileSystem, codes: string[]): Promise<void> {
  const retry = async <T>(step: () => Promise<T>): Promise<T> => {
    try {
      return await step();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      codes.push(error.code);
      return await step();
    }
  };
  const store = await retry(() => open(fs, 'me'));
  await retry(() => writeMissing(store, [3, 0]));
  await retry(() => store.flush());
  await retry(() => writeMissing(store, [1, 2]));
  // A failed sync takes pieces back, so completing begins with fetching what is missing.
  await retry(async () => {
    await writeMissing(store, [...store.have.missing()]);
    await store.complete();
  });
  const promised = store.have.count;
  await retry(() => store.close());
  expect(promised).toBe(4);
}

async function writeMissing(store: DownloadStore, indices: readonly number[]): Promise<void> {
  for (const index of indices) await store.writePiece(piece(index));
}

function failAt(fs: FaultFileSystem, isHit: (step: Step) => boolean, code: string): () => void {
  fs.beforeStep = (step) => {
    if (isHit(step)) throw errno(code);
  };
  return () => {
    fs.beforeStep = () => {};
  };
}
