import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { makeSource, sha256OfFile, warmMemory } from '../transfer/source-file.ts';
import { bencode, choosePieceLength, makeTorrent } from '../transfer/torrent.ts';

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'minitorrent-torrent-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return folder;
}

describe('bencode', () => {
  test('writes the examples of BEP 3, keys in their order', () => {
    expect(bencode('spam').toString()).toBe('4:spam');
    expect(bencode(-3).toString()).toBe('i-3e');
    expect(bencode({ spam: 'eggs', cow: 'moo' }).toString()).toBe('d3:cow3:moo4:spam4:eggse');
  });
});

describe('choosePieceLength', () => {
  test('is what libtorrent 2.0.8 chooses', () => {
    const mib = 2 ** 20;
    expect([1, 64, 512, 2_048].map((size) => choosePieceLength(size * mib) / 1024)).toEqual([
      16, 128, 256, 512,
    ]);
  });
});

describe('makeTorrent', () => {
  test('has the SHA-1 of each piece', async () => {
    const folder = await newFolder();
    const source = await makeSource(folder, 1);
    const torrent = await readFile(await makeTorrent(source, 'http://127.0.0.1:1/announce', folder));
    const bytes = await readFile(source.path);
    const second = createHash('sha1').update(bytes.subarray(16_384, 32_768)).digest();
    const label = Buffer.from('6:pieces1280:');
    const start = torrent.indexOf(label) + label.length;
    expect(torrent.subarray(start + 20, start + 40)).toEqual(second);
    expect(torrent.subarray(start + 1280).toString()).toBe('ee');
  });
});

describe('makeSource', () => {
  test('knows the hash of what it wrote, and leaves nothing of what warmed the memory', async () => {
    const folder = await newFolder();
    const source = await makeSource(folder, 2);
    await warmMemory(folder, source.bytes);
    expect(source.bytes).toBe(2 * 2 ** 20);
    expect(await sha256OfFile(source.path)).toBe(source.sha256);
  });
});
