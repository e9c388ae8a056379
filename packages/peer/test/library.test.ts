import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { FileDescription } from '../src/file-description.ts';
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

const description: FileDescription = {
  file: { name: 'b.bin', size: 10, pieceLength: 65_536, root: new Uint8Array(32).fill(9) },
  sharedBy: 'bob',
  peers: [{ userId: 'bob', deviceId: new Uint8Array(32).fill(1), host: '::1', port: 7, holding: 'complete' }],
};

/** What the first version left behind. */
const VERSION_1 = `
  CREATE TABLE setting (key TEXT PRIMARY KEY, value BLOB NOT NULL) STRICT;
  CREATE TABLE share (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL,
    size INTEGER NOT NULL, piece_length INTEGER NOT NULL, root BLOB NOT NULL,
    path TEXT NOT NULL, piece_layer BLOB NOT NULL, modified_ns TEXT NOT NULL, origin TEXT NOT NULL,
    PRIMARY KEY (user_id, group_id, name)
  ) STRICT;
  CREATE TABLE download (
    user_id TEXT NOT NULL, group_id TEXT NOT NULL, name TEXT NOT NULL,
    folder TEXT NOT NULL, strategy TEXT NOT NULL, overwrite INTEGER NOT NULL,
    PRIMARY KEY (user_id, group_id, name)
  ) STRICT;
  INSERT INTO share VALUES ('alice', 'films', 'a.bin', 5368709120, 65536, x'${'07'.repeat(32)}', '/somewhere/a.bin',
    x'${'03'.repeat(64)}', '1700000000123456789', 'uploaded');
  INSERT INTO download VALUES ('alice', 'films', 'b.bin', '/downloads', 'random', 1);
  PRAGMA user_version = 1;
`;

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

  it('keeps what is known of a download, until it ends, and gives none back to one that has ended', () => {
    using(join(folder, 'l.db'), (library) => {
      library.putDownload({ ...download, description });
      library.putDownload({ ...download, name: 'c.bin' });
      library.describeDownload('alice', 'films', 'c.bin', description);
      library.describeDownload('alice', 'films', 'none.bin', { ...description, sharedBy: 'nobody' });
    });
    using(join(folder, 'l.db'), (library) => {
      expect(library.downloads('alice')).toMatchObject([
        { name: 'b.bin', description },
        { name: 'c.bin', description },
      ]);
      library.removeDownload('alice', 'films', 'b.bin');
      library.describeDownload('alice', 'films', 'b.bin', description);
      expect(library.downloads('alice')).toMatchObject([{ name: 'c.bin' }]);
    });
  });

  it('replaces a setting, and a hash of a password', () => {
    using(join(folder, 'l.db'), (library) => {
      library.putSetting('port', Uint8Array.of(1));
      library.putSetting('port', Uint8Array.of(2));
      library.putPasswordHash('alice', 'one');
      library.putPasswordHash('alice', 'two');
    });
    using(join(folder, 'l.db'), (library) => {
      expect(library.setting('port', () => Uint8Array.of(3))).toEqual(Uint8Array.of(2));
      expect([library.passwordHash('alice'), library.passwordHash('bob')]).toEqual(['two', undefined]);
      library.removePasswordHash('alice');
      expect(library.passwordHash('alice')).toBeUndefined();
    });
  });

  it('reads a library of the first version, and refuses one of a later program', () => {
    const path = join(folder, 'l.db');
    const first = new DatabaseSync(path);
    first.exec(VERSION_1);
    first.close();
    using(path, (library) => {
      expect(library.downloads('alice')).toEqual([download]);
      expect(library.shares('alice')).toEqual([share]);
      library.putPasswordHash('alice', 'hash');
    });
    const later = new DatabaseSync(path);
    later.exec('PRAGMA user_version = 99');
    later.close();
    expect(() => openLibrary(path)).toThrow(/version 99/);
    // It is not left open.
    const closed = new DatabaseSync(path);
    closed.exec('PRAGMA user_version = 3');
    closed.close();
    using(path, (library) => expect(library.passwordHash('alice')).toBe('hash'));
  });

  it.skipIf(process.platform === 'win32')(
    'is for its owner alone, in any folder, also where it was not',
    () => {
      const path = join(folder, 'l.db');
      const modes = () =>
        ['', '-wal', '-shm']
          .map((end) => `${path}${end}`)
          .filter((file) => existsSync(file))
          .map((file) => statSync(file).mode & 0o777);
      chmodSync(folder, 0o755);
      using(path, () => expect(modes()).toEqual([0o600, 0o600]));
      chmodSync(path, 0o644);
      writeFileSync(`${path}-wal`, '', { mode: 0o644 });
      using(path, () => expect(modes()).toEqual([0o600, 0o600]));
    },
  );

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
