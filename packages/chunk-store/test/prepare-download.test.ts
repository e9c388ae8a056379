import { describe, expect, it } from 'vitest';
import { createManifest, type PreparedDownload, prepareDownload } from '../src/index.ts';
import { MANIFEST, open, ownerOf, PIECE_LENGTH, piece, pieceBytes } from './download-scenario.ts';
import { codeOfCall } from './error-code.ts';
import { errno, FaultFileSystem } from './fault-file-system.ts';

const { name, size, pieceLength, root } = MANIFEST;

function prepare(fs: FaultFileSystem, owner = 'one'): Promise<PreparedDownload> {
  const folders = { folder: '/files', dataFolder: '/state' };
  return prepareDownload({
    file: { name, size, pieceLength, root },
    ...folders,
    fs,
    owner: ownerOf(owner),
  });
}

/** A file system on which an earlier session fetched piece 1. */
async function interrupted(): Promise<FaultFileSystem> {
  const fs = new FaultFileSystem(['/files', '/state']);
  await using store = await open(fs, 'earlier');
  await store.writePiece(piece(1));
  return fs;
}

describe('prepareDownload', () => {
  it('does all that needs no pieces, so that opening is only left to look what is there', async () => {
    const fs = await interrupted();
    await using prepared = await prepare(fs);
    const { steps } = fs;
    await using store = await prepared.open(MANIFEST);
    expect(fs.steps).toBe(steps);
    expect([...store.have.indices()]).toEqual([1]);
    expect(await store.readBlock(1, 0, PIECE_LENGTH)).toEqual(pieceBytes(1));
  });

  it('holds the lock, and gives the store what it holds', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const prepared = await prepare(fs);
    expect(await codeOfCall(prepare(fs))).toBe('locked');
    const store = await prepared.open(MANIFEST);
    await prepared[Symbol.asyncDispose]();
    await prepared.discard();
    expect(await codeOfCall(prepare(fs))).toBe('locked');
    await store.writePiece(piece(0));
    await store.close();
    expect(fs.openHandles).toBe(0);
    await using again = await open(fs, 'two');
    expect([...again.have.indices()]).toEqual([0]);
  });

  it('leaves nothing behind that was not there, where no store is opened', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const prepared = await prepare(fs);
    expect(fs.contents().size).toBeGreaterThan(2);
    await prepared[Symbol.asyncDispose]();
    expect([...fs.contents().keys()]).toEqual([]);
    expect(fs.openHandles).toBe(0);

    const earlier = await interrupted();
    const before = [...earlier.contents().keys()];
    await (await prepare(earlier))[Symbol.asyncDispose]();
    expect([...earlier.contents().keys()]).toEqual(before);
    expect(earlier.openHandles).toBe(0);
  });

  it('discards what earlier sessions left', async () => {
    const fs = await interrupted();
    const prepared = await prepare(fs);
    await prepared.discard();
    expect([...fs.contents().keys()]).toEqual([]);
    expect(fs.openHandles).toBe(0);
  });

  it('opens no other file than the one it was prepared for', async () => {
    const fs = await interrupted();
    const before = [...fs.contents().keys()];
    const others = [
      createManifest({ name, bytes: new Uint8Array(size), pieceLength }),
      createManifest({ name: 'other.bin', bytes: new Uint8Array(size), pieceLength }),
    ];
    for (const other of others) {
      await using prepared = await prepare(fs);
      expect(await codeOfCall(prepared.open(other))).toBe('wrong_file');
    }
    expect([...fs.contents().keys()]).toEqual(before);
  });

  it('keeps nothing open where any step fails', async () => {
    const counted = new FaultFileSystem(['/files', '/state']);
    const last = (await prepare(counted).then(() => counted.steps)) ?? 0;
    for (let step = 1; step <= last; step += 1) {
      const fs = new FaultFileSystem(['/files', '/state']);
      fs.beforeStep = ({ number }) => {
        if (number === step) throw errno('EIO');
      };
      expect(await codeOfCall(prepare(fs))).toBe('io_failed');
      expect(fs.openHandles).toBe(0);
    }
  });
});
