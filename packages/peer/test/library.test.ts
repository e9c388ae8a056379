import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openLibrary } from '../src/shell/library.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'library-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const share = {
  userId: 'alice',
  groupId: 'films',
  file: { name: 'a.bin', size: 5 * 2 ** 30, pieceLength: 65_536, root: new Uint8Array(32).fill(7) },
  path: '/somewhere/a.bin',
  pieceLayer: new Uint8Array(64).fill(3),
  modifiedNs: 1_700_000_000_123_456_789n,
  origin: 'uploaded',
} as const;
const download = {
  userId: 'alice',
  groupId: 'films',
  name: 'b.bin',
  folder: '/downloads',
  strategy: 'random',
  overwrite: true,
  description: undefined,
};

describe('openLibrary', () => {
  it('gives back after a restart what was put in, and to its own user only', () => {
    using(join(folder, 'l.db'), (library) => {
      library.putShare(share);
      library.putDownload(download);
    });
    using(join(folder, 'l.db'), (library) => {
      expect(library.shares('alice')).toEqual([share]);
      expect(library.downloads('alice')).toEqual([download]);
      expect(library.shares('bob')).toEqual([]);
      expect(library.downloads('bob')).toEqual([]);
    });
  });

  it('replaces a share of the same name and forgets a removed one', () => {
    using(':memory:', (library) => {
      library.putShare(share);
      library.putShare({ ...share, path: '/elsewhere' });
      expect(library.shares('alice').map(({ path }) => path)).toEqual(['/elsewhere']);
      library.removeShare('alice', 'films', 'a.bin');
      library.putDownload(download);
      library.removeDownload('alice', 'films', 'b.bin');
      expect(library.shares('alice')).toEqual([]);
      expect(library.downloads('alice')).toEqual([]);
    });
  });

  it('makes a setting once and keeps it', () => {
    using(join(folder, 'l.db'), (library) => library.setting('device', () => Uint8Array.of(1)));
    using(join(folder, 'l.db'), (library) => {
      expect(library.setting('device', () => Uint8Array.of(2))).toEqual(Uint8Array.of(1));
    });
  });

  it('refuses a library that is open already', () => {
    using(join(folder, 'l.db'), () => {
      expect(() => openLibrary(join(folder, 'l.db'))).toThrow(
        expect.objectContaining({ code: 'data_folder_in_use' }),
      );
    });
  });
});

function using(path: string, use: (library: ReturnType<typeof openLibrary>) => void): void {
  const library = openLibrary(path);
  try {
    use(library);
  } finally {
    library.close();
  }
}
