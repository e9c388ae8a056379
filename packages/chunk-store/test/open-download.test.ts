import {
  link,
  mkdir,
  open as openFile,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  createManifest,
  type DownloadOptions,
  type DownloadStore,
  type Manifest,
  openDownload,
  openSource,
  verifyPieceLayer,
  verifyWholePiece,
} from '../src/index.ts';
import { layerRoot } from '../src/manifest.ts';
import { hashLeaves, merkleRoot } from '../src/merkle-tree.ts';
import { createPieceLayout } from '../src/piece-layout.ts';
import { isSameBytes, patternBytes } from './bytes.ts';
import { codeOfCall } from './error-code.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const PIECE_LENGTH = 65_536;
const BYTES = patternBytes(5 * PIECE_LENGTH + 77);
const MANIFEST = createManifest({ name: 'film.mkv', bytes: BYTES, pieceLength: PIECE_LENGTH });

describe('openDownload', () => {
  it('leaves the file under its name, with what is kept of it in the data folder', async () => {
    await using folders = await createFolders();
    const store = await openDownload({ manifest: MANIFEST, ...folders.both });
    expect(await readdir(folders.both.folder)).toEqual([
      expect.stringMatching(/^film\.mkv\.[0-9a-f]{16}\.lock$/),
      expect.stringMatching(/^film\.mkv\.[0-9a-f]{16}\.part$/),
    ]);
    await writePieces(store, [0, 1, 2, 3, 4, 5]);
    await store.complete();
    await store.close();
    expect(await readdir(folders.both.folder)).toEqual(['film.mkv']);
    expect(await readdir(folders.both.dataFolder)).toEqual([
      expect.stringMatching(/\.leaves$/),
      expect.stringMatching(/\.resume$/),
    ]);
    expect(isSameBytes(await readFile(store.path), BYTES)).toBe(true);
    expect(isSameBytes(await readFile(store.leavesPath), hashLeaves(BYTES))).toBe(true);
  });

  it('goes on where it was left, without hashing', async () => {
    await using folders = await createFolders();
    const first = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(first, [4, 1]);
    await first.close();
    await using again = await openDownload({ manifest: MANIFEST, ...folders.both, onProgress: neverCalled });
    expect([...again.have.indices()]).toEqual([1, 4]);
    expect(isSameBytes(await again.readBlock(4, 0, PIECE_LENGTH), pieceBytes(4))).toBe(true);
  });

  it('hashes again what somebody else touched, and keeps the pieces that are still good', async () => {
    await using folders = await createFolders();
    const first = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(first, [0, 1, 4]);
    await first.close();
    await overwriteByte(first.path, PIECE_LENGTH + 5);
    await using again = await openDownload({ manifest: MANIFEST, ...folders.both });
    expect([...again.have.indices()]).toEqual([0, 4]);
  });

  it('hashes again when asked to', async () => {
    await using folders = await createFolders();
    const first = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(first, [0, 1]);
    await first.close();
    const { atime, mtime } = await stat(first.path);
    await overwriteByte(first.path, 3);
    await utimes(first.path, atime, mtime);
    await using again = await openDownload({ manifest: MANIFEST, ...folders.both, rehash: 'always' });
    expect([...again.have.indices()]).toEqual([1]);
  });

  it.each([
    ['the record is lost', ['resume']],
    ['the record and the leaf hashes are lost', ['resume', 'leaves']],
    ['the record is torn', ['torn']],
    ['the leaf hashes are lost and the file was touched', ['leaves', 'touch']],
  ])('finds every good piece when %s', async (_, losses) => {
    await using folders = await createFolders();
    const first = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(first, [5, 2, 3]);
    await first.close();
    const kept = await readdir(folders.both.dataFolder);
    for (const name of kept.filter((file) => losses.some((loss) => file.endsWith(loss)))) {
      await rm(join(folders.both.dataFolder, name));
    }
    if (losses.includes('torn')) {
      await truncate(join(folders.both.dataFolder, kept.find((name) => name.endsWith('.resume')) ?? ''), 60);
    }
    if (losses.includes('touch')) await utimes(first.path, 1, 1);
    const hashed: number[] = [];
    await using again = await openDownload({
      manifest: MANIFEST,
      ...folders.both,
      onProgress: ({ hashedBytes }) => hashed.push(hashedBytes),
    });
    expect([...again.have.indices()]).toEqual([2, 3, 5]);
    expect(hashed.length).toBeGreaterThan(0);
    await writePieces(again, [0, 1, 4]);
    await again.complete();
    expect(isSameBytes(await readFile(again.path), BYTES)).toBe(true);
  });

  it('opens a completed download as complete, and says when the file was changed since', async () => {
    await using folders = await createFolders();
    await complete({ manifest: MANIFEST, ...folders.both });
    const again = await openDownload({ manifest: MANIFEST, ...folders.both, onProgress: neverCalled });
    expect(again.have.isComplete).toBe(true);
    expect(again.path).toBe(join(folders.both.folder, 'film.mkv'));
    const { path } = again;
    const identity = again.identity ?? { size: 0, modifiedNs: 0n };
    await using source = await openSource({ manifest: MANIFEST, path, identity });
    expect(await source.readBlock(1, 2, 3)).toEqual(pieceBytes(1).slice(2, 5));
    await overwriteByte(path, 9);
    expect(await codeOfCall(again.readBlock(0, 0, 10))).toBe('source_changed');
    expect(again.have.count).toBe(0);
    expect(await codeOfCall(again.writePiece(piece(0)))).toBe('source_changed');
    await again.close();
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, ...folders.both }))).toBe('already_exists');
  });

  it('overwrites nothing without being asked', async () => {
    await using folders = await createFolders();
    const final = join(folders.both.folder, 'film.mkv');
    await writeFile(final, 'mine');
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, ...folders.both }))).toBe('already_exists');
    await rm(final);
    await using store = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(store, [0, 1, 2, 3, 4, 5]);
    await writeFile(final, 'mine');
    expect(await codeOfCall(store.complete())).toBe('already_exists');
    expect(await readFile(final, 'utf8')).toBe('mine');
    await rename(final, `${final}.old`);
    await store.complete();
    expect(isSameBytes(await readFile(final), BYTES)).toBe(true);
  });

  it('overwrites a file when asked to, and nothing but a file', async () => {
    await using folders = await createFolders();
    const final = join(folders.both.folder, 'film.mkv');
    await writeFile(final, 'old');
    await complete({ manifest: MANIFEST, ...folders.both, overwrite: true });
    expect(isSameBytes(await readFile(final), BYTES)).toBe(true);
    await rm(final);
    await mkdir(final);
    const opening = openDownload({ manifest: MANIFEST, ...folders.both, overwrite: true });
    expect(await codeOfCall(opening)).toBe('not_a_file');
  });

  it('finishes a move that a crash cut in two', async () => {
    await using folders = await createFolders();
    await complete({ manifest: MANIFEST, ...folders.both });
    const final = join(folders.both.folder, 'film.mkv');
    const part = final.replace(/$/, `.${Buffer.from(MANIFEST.root).toString('hex', 0, 8)}.part`);
    await link(final, part);
    await using again = await openDownload({ manifest: MANIFEST, ...folders.both });
    expect(again.have.isComplete).toBe(true);
    expect(again.identity).toBeDefined();
    expect(await readdir(folders.both.folder)).not.toContain(part);
  });

  it('is refused while another store has the download, and free when that is closed', async () => {
    await using folders = await createFolders();
    const store = await openDownload({ manifest: MANIFEST, folder: folders.both.folder });
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, folder: folders.both.folder }))).toBe(
      'locked',
    );
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, ...folders.both }))).toBe('locked');
    await store.close();
    await (await openDownload({ manifest: MANIFEST, ...folders.both })).close();
  });

  it('keeps one data folder apart from the downloads of one file to two folders', async () => {
    await using folders = await createFolders();
    const { folder, dataFolder } = folders.both;
    await using first = await openDownload({ manifest: MANIFEST, folder, dataFolder });
    const second = openDownload({ manifest: MANIFEST, folder: dataFolder, dataFolder });
    expect(await codeOfCall(second)).toBe('locked');
    expect(first.have.count).toBe(0);
  });

  it('follows a link to the folder, and none below it', async () => {
    await using folders = await createFolders();
    const { folder, dataFolder } = folders.both;
    const linked = join(dataFolder, 'linked');
    await symlink(folder, linked);
    const victim = join(dataFolder, 'victim');
    await writeFile(victim, 'precious');
    // Syncthing CVE-2017-1000420, OnionShare CVE-2026-54706: links that lead out of the folder.
    for (const ending of ['part', 'leaves', 'resume', 'lock']) {
      const path = join(folder, `film.mkv.${Buffer.from(MANIFEST.root).toString('hex', 0, 8)}.${ending}`);
      await symlink(victim, path);
      expect(await codeOfCall(openDownload({ manifest: MANIFEST, folder: linked }))).toBe('not_a_file');
      await rm(path);
    }
    await symlink(victim, join(folder, 'film.mkv'));
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, folder: linked }))).toBe('already_exists');
    const overwriting = openDownload({ manifest: MANIFEST, folder: linked, overwrite: true });
    expect(await codeOfCall(overwriting)).toBe('not_a_file');
    expect(await readFile(victim, 'utf8')).toBe('precious');
    await rm(join(folder, 'film.mkv'));
    const path = await complete({ manifest: MANIFEST, folder: linked });
    expect(path).toBe(join(folder, 'film.mkv'));
  });

  it('says which folder is missing', async () => {
    await using folders = await createFolders();
    const folder = join(folders.both.folder, 'nowhere');
    expect(await codeOfCall(openDownload({ manifest: MANIFEST, folder }))).toBe('not_found');
    const opening = openDownload({ manifest: MANIFEST, folder: folders.both.folder, dataFolder: folder });
    expect(await codeOfCall(opening)).toBe('not_found');
  });

  it('has room for the longest name, and keeps two files of one name apart', async () => {
    await using folders = await createFolders();
    const name = `${'é'.repeat(127)}x`;
    const one = createManifest({ name, bytes: Uint8Array.of(1) });
    const two = createManifest({ name, bytes: Uint8Array.of(2) });
    await using first = await openDownload({ manifest: one, ...folders.both });
    await using second = await openDownload({ manifest: two, ...folders.both });
    await first.writePiece(verifyWholePiece(one, 0, Uint8Array.of(1)));
    await second.writePiece(verifyWholePiece(two, 0, Uint8Array.of(2)));
    await second.complete();
    expect(await codeOfCall(first.complete())).toBe('already_exists');
    expect(await readFile(join(folders.both.folder, name))).toEqual(Buffer.of(2));
  });

  it('deletes what it kept when a download is discarded, and nothing else', async () => {
    await using folders = await createFolders();
    await writeFile(join(folders.both.folder, 'film.mkv.txt'), 'not ours');
    const store = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(store, [0]);
    await store.flush();
    await store.discard();
    await store.close();
    expect(await codeOfCall(store.flush())).toBe('closed');
    expect(await readdir(folders.both.folder)).toEqual(['film.mkv.txt']);
    expect(await readdir(folders.both.dataFolder)).toEqual([]);
    await using completed = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(completed, [0, 1, 2, 3, 4, 5]);
    await completed.complete();
    await completed.discard();
    expect((await readdir(folders.both.folder)).sort()).toEqual(['film.mkv', 'film.mkv.txt']);
    expect(await readdir(folders.both.dataFolder)).toEqual([]);
  });

  it('stops a re-hash when told to, with nothing left open', async () => {
    await using folders = await createFolders();
    const first = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(first, [0, 1, 2]);
    await first.close();
    const controller = new AbortController();
    const opening = openDownload({
      manifest: MANIFEST,
      ...folders.both,
      rehash: 'always',
      signal: controller.signal,
      onProgress: () => controller.abort(new Error('enough')),
    });
    await expect(opening).rejects.toThrow('enough');
    await expect(
      openDownload({ manifest: MANIFEST, ...folders.both, signal: controller.signal }),
    ).rejects.toThrow('enough');
    await using again = await openDownload({ manifest: MANIFEST, ...folders.both });
    expect(again.have.count).toBe(3);
  });

  it('takes back a piece that was damaged on disk, and only that', async () => {
    await using folders = await createFolders();
    const earlier = await openDownload({ manifest: MANIFEST, ...folders.both });
    await writePieces(earlier, [0, 1, 5]);
    await earlier.close();
    await using store = await openDownload({ manifest: MANIFEST, ...folders.both });
    const [leaves = ''] = (await readdir(folders.both.dataFolder)).filter((name) => name.endsWith('.leaves'));
    await overwriteByte(join(folders.both.dataFolder, leaves), 4 * 32);
    expect(await store.readLeafHashes(1)).toEqual(piece(1).leafHashes);
    // What was damaged has been written anew.
    const repaired = await readFile(join(folders.both.dataFolder, leaves));
    expect(isSameBytes(repaired.subarray(4 * 32, 8 * 32), piece(1).leafHashes)).toBe(true);
    await overwriteByte(store.path, 5);
    await overwriteByte(join(folders.both.dataFolder, leaves), 0);
    expect(await codeOfCall(store.readLeafHashes(0))).toBe('corrupt_piece');
    await truncate(store.path, 5 * PIECE_LENGTH + 3);
    expect(await codeOfCall(store.readBlock(5, 0, 77))).toBe('corrupt_piece');
    expect([...store.have.indices()]).toEqual([1]);
    await writePieces(store, [0, 2, 3, 4, 5]);
    await store.complete();
    expect(isSameBytes(await readFile(store.path), BYTES)).toBe(true);
  });

  it('works beyond 4 GiB, on a sparse file', async () => {
    await using folders = await createFolders();
    const { manifest, lastPiece } = hugeManifest();
    const store = await openDownload({ manifest, ...folders.both });
    const lastIndex = store.layout.pieceCount - 1;
    const zeros = new Uint8Array(manifest.pieceLength);
    await store.writePiece(verifyWholePiece(manifest, lastIndex, lastPiece));
    await store.writePiece(verifyWholePiece(manifest, lastIndex - 1, zeros));
    expect((await stat(store.path)).size).toBe(manifest.size);
    expect((await stat(store.path)).blocks * 512).toBeLessThan(16_000_000);
    expect(isSameBytes(await store.readBlock(lastIndex, 0, lastPiece.length), lastPiece)).toBe(true);
    await store.close();
    const kept = await readdir(folders.both.dataFolder);
    await rm(join(folders.both.dataFolder, kept.find((name) => name.endsWith('.resume')) ?? ''));
    await using again = await openDownload({ manifest, ...folders.both });
    expect([...again.have.indices()]).toEqual([lastIndex - 1, lastIndex]);
    expect(isSameBytes(await again.readBlock(lastIndex, 0, lastPiece.length), lastPiece)).toBe(true);
  });
});

interface Folders extends AsyncDisposable {
  readonly both: { readonly folder: string; readonly dataFolder: string };
}

async function createFolders(): Promise<Folders> {
  const temporary = await createTemporaryFolder();
  const both = { folder: join(temporary.path, 'files'), dataFolder: join(temporary.path, 'data') };
  for (const folder of Object.values(both)) await mkdir(folder);
  return { both, [Symbol.asyncDispose]: () => temporary[Symbol.asyncDispose]() };
}

function pieceBytes(index: number): Uint8Array {
  return BYTES.slice(index * PIECE_LENGTH, (index + 1) * PIECE_LENGTH);
}

function piece(index: number): ReturnType<typeof verifyWholePiece> {
  return verifyWholePiece(MANIFEST, index, pieceBytes(index));
}

async function writePieces(store: DownloadStore, indices: readonly number[]): Promise<void> {
  for (const index of indices) await store.writePiece(piece(index));
}

async function complete(options: DownloadOptions): Promise<string> {
  await using store = await openDownload(options);
  await writePieces(store, [0, 1, 2, 3, 4, 5]);
  await store.complete();
  return store.path;
}

async function overwriteByte(path: string, position: number): Promise<void> {
  await using file = await openFile(path, 'r+');
  const byte = new Uint8Array(1);
  await file.read(byte, 0, 1, position);
  await file.write(Uint8Array.of((byte[0] ?? 0) ^ 0xff), 0, 1, position);
}

function neverCalled(): never {
  throw new Error('nothing was to be hashed');
}

/** 5 GiB of zeros and a last piece that differs: its tree costs two hashes for each piece. */
function hugeManifest(): { manifest: Manifest; lastPiece: Uint8Array } {
  const pieceLength = 4_194_304;
  const size = 5 * 1_073_741_824 + 12_345;
  const layout = createPieceLayout({ size, pieceLength });
  const lastPiece = patternBytes(12_345);
  const zeros = createManifest({ name: 'zeros', bytes: new Uint8Array(pieceLength), pieceLength });
  const pieceLayer = new Uint8Array(layout.pieceCount * 32);
  for (let index = 0; index < layout.pieceCount; index += 1) pieceLayer.set(zeros.root, index * 32);
  const lastHash = createManifest({ name: 'last', bytes: lastPiece, pieceLength }).root;
  pieceLayer.set(merkleRoot(lastHash, { width: layout.pieceTreeWidth }), (layout.pieceCount - 1) * 32);
  const root = layerRoot(layout, pieceLayer);
  return { manifest: verifyPieceLayer({ name: 'huge.bin', size, pieceLength, root }, pieceLayer), lastPiece };
}
