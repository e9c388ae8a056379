import { describe, expect, it } from 'vitest';
import { open, piece } from './download-scenario.ts';
import { FaultFileSystem } from './fault-file-system.ts';

describe('Recorder', () => {
  it('has nobody wait for the disk before the first pieces of a new download are here', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const synced = syncsOf(fs);
    const store = await open(fs, 'first');
    await Promise.all([store.writePiece(piece(0)), store.writePiece(piece(2))]);
    expect([...store.have.indices()]).toEqual([0, 2]);
    expect(synced).toEqual([]);
    await store.close();
  });

  it('syncs pieces, the name of their file and the record in this order, and the name once', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const synced = syncsOf(fs);
    const store = await open(fs, 'first');
    await store.writePiece(piece(0));
    await store.flush();
    expect(synced).toEqual([
      'syncData .part',
      'syncData .leaves',
      'syncFolder /files',
      'sync .new',
      'syncFolder /state',
    ]);
    await store.writePiece(piece(1));
    await store.flush();
    expect(synced.filter((step) => step === 'syncFolder /files')).toHaveLength(1);
    await store.close();
  });

  it('names no piece while the name of their file cannot be made durable', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const store = await open(fs, 'first');
    await store.writePiece(piece(0));
    fs.beforeStep = ({ action, path }) => {
      if (action === 'syncFolder' && path === '/files')
        throw Object.assign(new Error('EIO'), { code: 'EIO' });
    };
    await expect(store.flush()).rejects.toMatchObject({ code: 'io_failed' });
    expect([...fs.contents().keys()].filter((path) => path.endsWith('.resume'))).toEqual([]);
    fs.beforeStep = () => {};
    await store.flush();
    const crashed = fs.afterCrash('power', () => 0);
    await using resumed = await open(crashed, 'second');
    expect([...resumed.have.indices()]).toEqual([0]);
    await store.close();
  });

  it('takes back what an earlier session said of its orderly end before it writes', async () => {
    const fs = new FaultFileSystem(['/files', '/state']);
    const earlier = await open(fs, 'first');
    await earlier.writePiece(piece(0));
    await earlier.close();
    await using store = await open(fs, 'second');
    const steps: string[] = [];
    fs.beforeStep = ({ action, path }) => void steps.push(`${action} ${path.replace(/^.*(?=\.)/, '')}`);
    await store.writePiece(piece(1));
    expect(steps.indexOf('rename .resume')).toBeGreaterThanOrEqual(0);
    expect(steps.indexOf('rename .resume')).toBeLessThan(steps.indexOf('write .part'));
  });
});

/** What is synced from now on, files by their endings. */
function syncsOf(fs: FaultFileSystem): string[] {
  const synced: string[] = [];
  fs.beforeStep = ({ action, path }) => {
    if (action.startsWith('sync')) synced.push(`${action} ${path.replace(/^.*(?=\.)/, '')}`);
  };
  return synced;
}
