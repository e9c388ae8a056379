/** Bits of a tracker's journal: of each entry and its hash, and of the SQLite file that keeps them. */
import { copyFile, open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createConnection, createSystemClock, createSystemRandom } from '@minitorrent/rpc-core';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork } from '@minitorrent/rpc-core/tls';
import {
  createMemoryJournal,
  createPasswords,
  createTracker,
  DEFAULT_LIMITS,
  type Journal,
  type JournalRecord,
  openSqliteJournal,
  openTrackerService,
} from '@minitorrent/tracker';
import { trackerContract } from '@minitorrent/tracker/contract';
import { Chance } from '../chance.ts';
import { drawFlip, type FlipResult, flipped, judgeFlips, type Verdict } from './flip.ts';

const PASSWORD = 'correct horse battery';
const USERS = 12;
const limits = { ...DEFAULT_LIMITS, argon2MemoryKib: 8, argon2Passes: 1 };
const identity = createIdentity();
const clock = createSystemClock();
const random = createSystemRandom();
const passwords = createPasswords(limits, random);

/** A data folder in which a tracker has kept some users and groups. */
export async function fillJournal(folder: string): Promise<void> {
  await using tracker = await createTracker({
    address: { host: '127.0.0.1', port: 0 },
    dataDir: folder,
    limits,
  });
  const device = createIdentity();
  const channel = await createTlsNetwork({ identity: device }).connect(tracker.address, {
    expect: tracker.deviceId,
  });
  await using connection = createConnection({ channel, clock, trusted: true });
  const client = connection.client(trackerContract);
  const { deviceId } = device;
  for (let user = 1; user <= USERS; user += 1) {
    const requestId = (what: number): Uint8Array => new Uint8Array(16).fill(user).fill(what, 8);
    const userId = `user-${user}`;
    await client.create_user({ requestId: requestId(1), userId, password: PASSWORD });
    await client.login({ userId, password: PASSWORD, deviceId });
    await client.create_group({ requestId: requestId(2), groupId: `group-${user}` });
    await client.logout({});
  }
}

/** Flips in the bytes and the hash of entries, as any journal may keep them. Every one has to be refused. */
export async function flipEntries(folder: string, run: { seed: number; flips: number }): Promise<FlipResult> {
  const records = await readAll(await openSqliteJournal(join(folder, 'journal.sqlite')));
  return await judgeFlips('journal: entries and their hashes', run.flips, async (number) => {
    const chance = new Chance(run.seed, number);
    const at = chance.below(records.length);
    const record = records[at];
    if (record === undefined) throw new RangeError('The journal is empty');
    const { place, bit } = drawFlip(chance, [record.bytes.length, record.position.hash.length]);
    const { position, bytes } = record;
    const rotten = {
      bytes: place === 0 ? flipped(bytes, bit) : bytes,
      position: place === 1 ? { ...position, hash: flipped(position.hash, bit) } : position,
    };
    const journal = createMemoryJournal({ records: records.with(at, rotten), snapshot: undefined });
    return [
      (await isRefused(journal)) ? 'detected' : 'missed',
      `bit ${bit} of ${place === 0 ? 'the bytes' : 'the hash'} of entry ${at + 1}`,
    ];
  });
}

/** Flips in the SQLite file: refused, or in room that holds nothing, so that the journal reads as before. */
export async function flipSqlite(folder: string, run: { seed: number; flips: number }): Promise<FlipResult> {
  const source = join(folder, 'journal.sqlite');
  const whole = await readAll(await openSqliteJournal(source));
  const content = await readFile(source);
  // Most of a small database is room.
  const used = [...content.keys()].filter((at) => content[at] !== 0);
  const target = join(folder, 'flipped.sqlite');
  return await judgeFlips('journal: the SQLite file', run.flips, async (number) => {
    const chance = new Chance(run.seed, number);
    const bit = chance.pick(used) * 8 + chance.below(8);
    await copyFile(source, target);
    // It says how long the journal was.
    await copyFile(`${source}.head`, `${target}.head`);
    await writeByte(target, bit >> 3, (content[bit >> 3] ?? 0) ^ (1 << (bit & 7)));
    const verdict = await judgeFile(target, whole);
    return [verdict, `bit ${bit} of ${content.length * 8}`];
  });
}

async function judgeFile(file: string, whole: readonly JournalRecord[]): Promise<Verdict> {
  let journal: Journal;
  try {
    journal = await openSqliteJournal(file);
  } catch {
    return 'detected';
  }
  let records: readonly JournalRecord[];
  try {
    records = await readAll(journal);
  } catch {
    return 'detected';
  }
  if (isSame(records, whole)) return 'harmless';
  return (await isRefused(createMemoryJournal({ records: [...records], snapshot: undefined })))
    ? 'detected'
    : 'missed';
}

function isSame(left: readonly JournalRecord[], right: readonly JournalRecord[]): boolean {
  const text = (records: readonly JournalRecord[]): string =>
    records.map(({ bytes, position }) => Buffer.concat([bytes, position.hash]).toString('hex')).join();
  return text(left) === text(right);
}

async function readAll(journal: Journal): Promise<JournalRecord[]> {
  try {
    return [...(await journal.read(0, { entries: 10_000, bytes: 2 ** 30 }))];
  } finally {
    await journal.close();
  }
}

/** Whether a tracker refuses to start on it. */
async function isRefused(journal: Journal): Promise<boolean> {
  try {
    const service = await openTrackerService({ journal, passwords, identity, clock, random, limits });
    await service.close();
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && /^journal_(corrupt|failed)$/.test(String(error.code)))
      return true;
    throw error;
  } finally {
    await journal.close();
  }
}

async function writeByte(path: string, position: number, byte: number): Promise<void> {
  await using file = await open(path, 'r+');
  await file.write(Uint8Array.of(byte), 0, 1, position);
}
