/**
 * What the BitTorrent programs are given: a torrent of one file (BEP 3, with the piece length that libtorrent would
 * choose) and a tracker of its own, which counts who has announced.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Driven, startDriven } from './driven.ts';
import type { Place } from './lab.ts';
import type { SourceFile } from './source-file.ts';

const TRACKER = fileURLToPath(new URL('torrent-tracker.ts', import.meta.url));
const BLOCK_BYTES = 16 * 1024;
/** Files up to so many bytes have pieces of 16 KiB, 32 KiB, and so on: the table of libtorrent's create_torrent. */
const SIZES = [2_684_355, 10_737_418, 42_949_673, 171_798_692, 687_194_767, 2_748_779_069, 10_995_116_278];

export interface TorrentTracker extends AsyncDisposable {
  readonly url: string;
  /** Resolves once so many seeders more have announced. */
  seeders(count: number): Promise<void>;
}

export async function startTorrentTracker(place: Place): Promise<TorrentTracker> {
  const args = [TRACKER, place.host];
  const tracker: Driven = startDriven({ name: 'tracker', place, command: process.execPath, args });
  const { url } = await tracker.take(({ type }) => type === 'listening');
  return {
    url: String(url),
    async seeders(count) {
      const known = new Set<unknown>();
      while (known.size < count) {
        const { from } = await tracker.take(({ type, left }) => type === 'announce' && left === 0);
        known.add(from);
      }
    },
    [Symbol.asyncDispose]: () => tracker[Symbol.asyncDispose](),
  };
}

/** Writes the torrent of `source` into `folder` and answers its path. */
export async function makeTorrent(source: SourceFile, trackerUrl: string, folder: string): Promise<string> {
  const pieceLength = choosePieceLength(source.bytes);
  const info = {
    length: source.bytes,
    name: source.name,
    'piece length': pieceLength,
    pieces: await hashPieces(source.path, pieceLength),
  };
  const path = join(folder, 'source.torrent');
  await writeFile(path, bencode({ announce: trackerUrl, info }));
  return path;
}

export function choosePieceLength(bytes: number): number {
  return BLOCK_BYTES * 2 ** SIZES.filter((size) => size < bytes).length;
}

async function hashPieces(path: string, pieceLength: number): Promise<Buffer> {
  const hashes: Buffer[] = [];
  // A stream of a file has chunks of its high-water mark, but for the last.
  for await (const piece of createReadStream(path, { highWaterMark: pieceLength })) {
    hashes.push(createHash('sha1').update(piece).digest());
  }
  return Buffer.concat(hashes);
}

type Bencodable = number | string | Buffer | { readonly [key: string]: Bencodable };

/** As BEP 3 has it, without lists, which nothing here needs. */
export function bencode(value: Bencodable): Buffer {
  if (typeof value === 'number') return Buffer.from(`i${value}e`);
  if (typeof value === 'string') return bencode(Buffer.from(value));
  if (Buffer.isBuffer(value)) return Buffer.concat([Buffer.from(`${value.length}:`), value]);
  const entries = Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
  return Buffer.concat([
    Buffer.from('d'),
    ...entries.flatMap(([key, each]) => [bencode(key), bencode(each)]),
    Buffer.from('e'),
  ]);
}
