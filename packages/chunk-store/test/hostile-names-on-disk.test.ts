/**
 * Hostile names against a real disk, and against the rules of Windows: whatever a sender calls a file, nothing is made, changed or
 * read outside the folder, nothing that is there is overwritten, and no link is followed.
 */
import { lstat, mkdir, readdir, readFile, readlink, symlink, writeFile } from 'node:fs/promises';
import { join, win32 } from 'node:path';
import { CodecError, decode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import {
  checkFileName,
  createManifest,
  createNodeFileSystem,
  type FileSystem,
  fileNameCodec,
  type Manifest,
  openDownload,
  StoreError,
  verifyWholePiece,
} from '../src/index.ts';
import { codeOfCall } from './error-code.ts';
import { hostileNames } from './hostile-names.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

const BYTES = new TextEncoder().encode('what was shared');
/** What no download may touch. */
const PRECIOUS = 'precious';

const HEADS = [
  '',
  '-',
  '--',
  '~',
  '~root',
  '$HOME',
  '%2e%2e',
  '..',
  '.',
  '...',
  ' ',
  '\u200b',
  '\ufeff',
  'a',
  'É',
  'İ',
  'ß',
];
const MIDDLES = [
  ...[
    '/',
    '\\',
    '../',
    '..\\',
    ':',
    '::$DATA',
    '%2f',
    '\u2215',
    '\uff0f',
    '\u29f8',
    '\u2024',
    '\0',
    '\n',
    '\u001b[2J',
  ],
  ...[
    '\u202e',
    '\u2066',
    '\u200d',
    '\ud800',
    '\udc00',
    'e\u0301',
    '\u212b',
    '*',
    '|',
    '-rf',
    ';rm',
    '`id`',
    '$(id)',
    '',
  ],
];
const TAILS = [
  '',
  '.',
  ' ',
  '.txt',
  '.part',
  '.lock',
  '.resume',
  '.leaves',
  '.part.new',
  'nul',
  '.CON',
  'etc/passwd',
];
const EDGES = [
  ...['con', 'CON', 'Nul.txt', 'aux .c', 'COM1', 'com\u00b9.log', 'lpt9.tar.gz', 'conin$', 'clock$'],
  ...['a'.repeat(255), 'a'.repeat(256), 'é'.repeat(127), 'é'.repeat(128), '🙂'.repeat(63), '🙂'.repeat(64)],
  ...[
    '-rf',
    '--help',
    '~',
    '~/x',
    '.bashrc',
    '.git',
    'FILE.txt',
    'file.TXT',
    'ﬁle',
    'K.txt',
    'K.txt',
    'ſ',
    'S',
  ],
];

/** From the grammar above and the list of names that are all refused; without doubles. */
function corpus(): string[] {
  const made = HEADS.flatMap((head) =>
    MIDDLES.flatMap((middle) => TAILS.map((tail) => head + middle + tail)),
  );
  return [...new Set([...made, ...EDGES, ...hostileNames()])];
}

function manifestOf(name: string): Manifest {
  return { ...createManifest({ name: 'good', bytes: BYTES, pieceLength: 65_536 }), name };
}

/** The file system of this machine, which is not asked to wait for its disk: thousands of files need no durability. */
function hastyFileSystem(): FileSystem {
  const fs = createNodeFileSystem();
  return {
    ...fs,
    open: async (path, mode) =>
      Object.assign(await fs.open(path, mode), { sync: async () => {}, syncData: async () => {} }),
    syncFolder: async () => {},
  };
}

/** Downloads a file of that name; the code of the refusal where there is one. */
async function download(folder: string, name: string, dataFolder?: string): Promise<string> {
  const manifest = manifestOf(name);
  return await codeOfCall(
    (async () => {
      const folders = dataFolder === undefined ? { folder } : { folder, dataFolder };
      await using store = await openDownload({ manifest, ...folders, workers: 0, fs: hastyFileSystem() });
      await store.writePiece(verifyWholePiece(manifest, 0, BYTES));
      await store.complete();
    })(),
  );
}

/** Everything below a folder: paths, kinds and contents. */
async function everything(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true });
  const described = names.map(async (name) => {
    const path = join(folder, name);
    const stats = await lstat(path);
    if (stats.isSymbolicLink()) return `${name} -> ${await readlink(path)}`;
    return stats.isFile() ? `${name}: ${await readFile(path, 'utf8')}` : `${name}/`;
  });
  return (await Promise.all(described)).sort();
}

/** Names of the folder's own making, of a file that is under way. */
async function workingNames(folder: string, dataFolder: string, name: string): Promise<string[]> {
  const store = await openDownload({ manifest: manifestOf(name), folder, dataFolder, workers: 0 });
  const names = [...(await readdir(folder)), ...(await readdir(dataFolder))];
  await store.discard();
  return [...new Set(names)];
}

describe('hostile names on a real disk', () => {
  it('are more than 2,000, and some of them are good ones', () => {
    const names = corpus();
    expect(names.length).toBeGreaterThan(2_000);
    const good = names.filter((name) => checkFileName(name) === undefined);
    expect(good.length).toBeGreaterThan(300);
    expect(good).toEqual(expect.arrayContaining(['-rf', '~', '.bashrc', '$HOME', '%2e%2e%2f.txt']));
  });

  it('make nothing where they are refused, and one file in the folder where they are not', async () => {
    await using root = await createTemporaryFolder();
    const folder = join(root.path, 'deep', 'downloads');
    const dataFolder = join(root.path, 'deep', 'data');
    await mkdir(folder, { recursive: true });
    await mkdir(dataFolder);
    await writeFile(join(root.path, 'deep', PRECIOUS), PRECIOUS);
    const outside = await everything(root.path);
    const made: string[] = [];
    for (const name of corpus()) {
      const code = await download(folder, name, dataFolder);
      expect([name, code]).toEqual([name, checkFileName(name) === undefined ? 'nothing thrown' : 'bad_name']);
      if (code === 'nothing thrown') made.push(name);
    }
    expect((await readdir(folder)).sort()).toEqual(made.sort());
    for (const name of made) expect((await lstat(join(folder, name))).isFile()).toBe(true);
    const isOutside = (line: string): boolean => !/^deep\/(?:downloads|data)\/./.test(line);
    expect((await everything(root.path)).filter(isOutside)).toEqual(outside);
  });

  it('overwrite nothing: a file, a folder and a link of that name stay as they are', async () => {
    await using root = await createTemporaryFolder();
    const folder = join(root.path, 'downloads');
    const target = join(root.path, PRECIOUS);
    await mkdir(folder);
    await writeFile(target, PRECIOUS);
    await writeFile(join(folder, 'file'), PRECIOUS);
    await mkdir(join(folder, 'folder'));
    await symlink(target, join(folder, 'link'));
    await symlink(join(root.path, 'nothing there'), join(folder, 'dangling'));
    const before = await everything(root.path);
    for (const name of ['file', 'folder', 'link', 'dangling']) {
      expect([name, await download(folder, name)]).toEqual([name, 'already_exists']);
    }
    expect(await everything(root.path)).toEqual(before);
  });

  it('follow no link that lies in the place of a working file', async () => {
    await using root = await createTemporaryFolder();
    const folder = join(root.path, 'downloads');
    const dataFolder = join(root.path, 'data');
    const target = join(root.path, PRECIOUS);
    await mkdir(folder);
    await mkdir(dataFolder);
    await writeFile(target, PRECIOUS);
    const names = await workingNames(folder, dataFolder, 'film.bin');
    expect(names.length).toBeGreaterThanOrEqual(3);
    for (const name of names) {
      for (const place of [folder, dataFolder]) {
        await using another = await createTemporaryFolder();
        const [downloads, data] = [join(another.path, 'downloads'), join(another.path, 'data')];
        await mkdir(downloads);
        await mkdir(data);
        await symlink(target, join(place === folder ? downloads : data, name));
        await download(downloads, 'film.bin', data);
        expect([name, await readFile(target, 'utf8')]).toEqual([name, PRECIOUS]);
      }
    }
  });

  it('never are those of a file under way, whose bytes they would lie in', async () => {
    await using root = await createTemporaryFolder();
    const names = await workingNames(root.path, root.path, 'film.bin');
    expect(names.map((name) => name.replace(/^.*\./, '')).sort()).toEqual(['leaves', 'lock', 'part']);
    for (const name of [...names, ...names.map((each) => each.toUpperCase()), `${names[0]}.new`]) {
      expect([name, await download(root.path, name)]).toEqual([name, 'bad_name']);
    }
    expect(await readdir(root.path)).toEqual([]);
    // Whoever only looks like one is let in.
    expect(await download(root.path, 'film.part')).toBe('nothing thrown');
  });
});

describe('hostile names by the rules of Windows', () => {
  /** Written a second time on purpose, from Microsoft's "Naming Files, Paths, and Namespaces". */
  function isOneWindowsName(name: string): boolean {
    const stem = (name.split('.')[0] ?? '').trimEnd().toUpperCase();
    const devices = ['CON', 'PRN', 'AUX', 'NUL', 'CONIN$', 'CONOUT$'];
    const isDevice = devices.includes(stem) || /^(?:COM|LPT)[0-9\u00b9\u00b2\u00b3]$/u.test(stem);
    const hasForbidden = [...name].some((each) => '<>:"/\\|?*'.includes(each) || each < ' ');
    return !isDevice && !hasForbidden && !/[. ]$/.test(name) && name.length <= 255 && name !== '';
  }

  it('name one file below the folder, no device, no stream, no other spelling', () => {
    const good = corpus().filter((name) => checkFileName(name) === undefined);
    for (const name of good) {
      expect([name, isOneWindowsName(name)]).toEqual([name, true]);
      expect(win32.normalize(win32.join('C:\\root', name))).toBe(`C:\\root\\${name}`);
      expect(win32.resolve('C:\\root', name)).toBe(`C:\\root\\${name}`);
      expect(win32.isAbsolute(name)).toBe(false);
      expect(win32.parse(name).root).toBe('');
    }
  });
});

describe('hostile names on the wire', () => {
  it.each([
    ['an overlong slash', 'c0af'],
    ['an overlong dot', 'c0ae'],
    ['an overlong slash of three bytes', 'e080af'],
    ['an overlong NUL', 'c080'],
    ['half a surrogate pair', 'eda080'],
    ['a surrogate pair in two halves', 'eda0bdedb880'],
    ['beyond Unicode', 'f4908080'],
    ['a lone continuation', '80'],
    ['a cut character', 'e282'],
  ])('%s is refused before it is text', (_what, hex) => {
    const text = Buffer.from(`61${hex}62`, 'hex');
    const bytes = Uint8Array.from([text.length, ...text]);
    expect(() => decode(fileNameCodec, bytes)).toThrow(
      expect.objectContaining({ name: 'CodecError', code: 'invalid_text' }),
    );
  });

  it('pass the codec exactly when they pass the validator', () => {
    for (const name of corpus()) {
      const text = Buffer.from(name);
      if (text.length > 127 || text.toString() !== name) continue;
      const bytes = Uint8Array.from([text.length, ...text]);
      expect([name, isRefusedByCodec(bytes)]).toEqual([name, checkFileName(name) !== undefined]);
    }
  });
});

function isRefusedByCodec(bytes: Uint8Array): boolean {
  try {
    decode(fileNameCodec, bytes);
    return false;
  } catch (error) {
    if (error instanceof CodecError || error instanceof StoreError) return true;
    throw error;
  }
}
