/** What somebody on the wire sees of the demonstration: nothing of the names, and nothing of the file. */
import { randomBytes } from 'node:crypto';
import { mkdtempDisposable, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { JsonLine } from '../src/output/reports.ts';
import { type Capture, captureLoopback, missingForCapture } from './support/capture.ts';

const MAIN = join(import.meta.dirname, '..', 'src', 'main.ts');
const FILE_NAME = 'our-secret-holiday.mkv';
const FILE_BYTES = 2_000_000;
const GROUP = 'holiday-videos';
const USERS = ['alice', 'bob', 'carol', 'dave'];
/** Messages carry their names as text. */
const MESSAGES = ['create_user', 'join_group', 'accept_request', 'upload_file', 'make_file', 'send_pieces'];
/** Every run of 64 bytes of the file has one of its blocks of 32 whole in it. */
const BLOCK_BYTES = 32;
/** Messages with names are shorter; in megabytes of random bytes three letters would be found by chance. */
const SHORT_PACKET_BYTES = 1_000;

describeTraffic('the traffic of the demonstration', { timeout: 300_000 }, () => {
  it('has no name and no 64 bytes of the file in it', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-traffic-'));
    const content = randomBytes(FILE_BYTES);
    const file = join(folder.path, FILE_NAME);
    await writeFile(file, content);
    const demo = ['--conditions=@minitorrent/source', MAIN, 'demo', file, '--json'];
    const capture = await captureLoopback(join(folder.path, 'demo.pcap'), demo);

    const lines = capture.stdout.trim().split('\n');
    // Written by json-reporter.ts.
    const end = JSON.parse(lines.at(-1) ?? '') as JsonLine;
    if (end.type !== 'result' || end.command !== 'demo') throw new Error(`It failed: ${lines.at(-1)}`);
    expect([end.sharedBy, ...end.downloads.map(({ userId }) => userId)]).toEqual(USERS);
    expect(capture.stdout).toContain(GROUP);
    // Three downloads went over this wire.
    expect(capture.bytes).toBeGreaterThan(3 * FILE_BYTES);
    expect(findings(capture, content)).toEqual([]);
  });

  it('would be seen, were it in the clear', async () => {
    await using folder = await mkdtempDisposable(join(tmpdir(), 'minitorrent-traffic-'));
    const content = randomBytes(FILE_BYTES);
    const sent = join(folder.path, 'sent');
    const names = [FILE_NAME, GROUP, ...USERS, ...MESSAGES].map(withLength);
    await writeFile(sent, Buffer.concat(names));
    const program = join(import.meta.dirname, 'support', 'plain-exchange.ts');
    const named = await captureLoopback(join(folder.path, 'names.pcap'), [program, sent]);
    expect(findings(named, content)).toEqual([FILE_NAME, GROUP, ...USERS, ...MESSAGES]);

    // 64 bytes from somewhere in the middle of it, and nothing else.
    const from = 1_000_003;
    await writeFile(sent, content.subarray(from, from + 64));
    const windowed = await captureLoopback(join(folder.path, 'window.pcap'), [program, sent]);
    expect(findings(windowed, content)).toEqual([expect.stringMatching(/^bytes of the file/)]);
  });
});

/** What of the names and of the file is in the clear. */
function findings({ packets }: Capture, content: Buffer): string[] {
  const all = Buffer.concat(packets);
  const short = Buffer.concat(packets.filter(({ length }) => length < SHORT_PACKET_BYTES));
  const names = [FILE_NAME, GROUP, ...USERS, ...MESSAGES].filter((name) =>
    name.length > 4 ? isIn(all, name) : short.includes(withLength(name)),
  );
  const at = blockOf(content, all);
  return at === undefined ? names : [...names, `bytes of the file, from ${at}`];
}

function isIn(bytes: Buffer, text: string): boolean {
  return bytes.includes(text) || bytes.includes(Buffer.from(text, 'utf16le'));
}

/** As the codec writes short texts. */
function withLength(text: string): Buffer {
  return Buffer.concat([Buffer.of(text.length), Buffer.from(text)]);
}

/** Where in `content` a block begins that is in `bytes`, at whatever place. */
function blockOf(content: Buffer, bytes: Buffer): number | undefined {
  const starts = new Map<number, number>();
  for (let at = 0; at + BLOCK_BYTES <= content.length; at += BLOCK_BYTES)
    starts.set(content.readUInt32LE(at) * 2 ** 16 + content.readUInt16LE(at + 4), at);
  for (let at = 0; at + BLOCK_BYTES <= bytes.length; at += 1) {
    const start = starts.get(bytes.readUInt32LE(at) * 2 ** 16 + bytes.readUInt16LE(at + 4));
    if (start === undefined) continue;
    if (content.compare(bytes, at, at + BLOCK_BYTES, start, start + BLOCK_BYTES) === 0) return start;
  }
  return undefined;
}

/** `describe`, where traffic can be captured. Elsewhere it says so, and in CI that is a failure. */
function describeTraffic(name: string, options: { readonly timeout: number }, tests: () => void): void {
  if (missingForCapture === undefined) {
    describe(name, options, tests);
    return;
  }
  const missing = missingForCapture;
  if (process.env.CI !== undefined) {
    describe(name, () => {
      it('can be captured', () => {
        throw new Error(missing);
      });
    });
    return;
  }
  process.stderr.write(`\nSKIPPED ${name}: ${missing}\n`);
  describe.skip(name, tests);
}
