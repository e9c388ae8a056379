/**
 * Runs a program and writes down what goes over the loopback interface meanwhile. For a network namespace of its own, in
 * which nobody else speaks: `node capture-program.ts <file for the capture> <arguments of Node.js>...`
 *
 * A mark goes over the wire last, in the clear: once it is seen, so is everything before it.
 */
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { sendInTheClear } from './plain-exchange.ts';

const [, , file = '', ...args] = process.argv;
const capture = startCapture();
await capture.listening;
const child = spawn(process.execPath, args, { stdio: ['ignore', 'inherit', 'inherit'] });
const [exitCode] = await once(child, 'exit');
const mark = `that was all ${randomUUID()}`;
await sendInTheClear(Buffer.from(mark));
await writeFile(file, await capture.endAt(mark));
process.exitCode = Number(exitCode);

function startCapture() {
  const staysRoot = process.getuid?.() === 0 ? ['-Z', 'root'] : [];
  const words = ['-i', 'lo', '-w', '-', '-U', ...staysRoot, '-B', '65536', '--immediate-mode'];
  const tcpdump: ChildProcessByStdio<null, Readable, Readable> = spawn('tcpdump', words, {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const chunks: Buffer[] = [];
  let said = '';
  const seen = (stream: Readable, isThere: () => boolean) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = () => isThere() && resolve();
    stream.on('data', look);
    tcpdump.on('error', reject).on('close', () => reject(new Error(`tcpdump ended: ${said}`)));
    look();
    return promise;
  };
  tcpdump.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  tcpdump.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  return {
    listening: seen(tcpdump.stderr, () => said.includes('listening on lo')),
    async endAt(text: string): Promise<Buffer> {
      // The mark is in one packet, and at most in two chunks.
      await seen(tcpdump.stdout, () => Buffer.concat(chunks.slice(-4)).includes(text));
      tcpdump.kill('SIGINT');
      await once(tcpdump, 'close').catch(() => undefined);
      if (!/\b0 packets dropped by kernel/.test(said)) throw new Error(`The capture has holes: ${said}`);
      return Buffer.concat(chunks);
    },
  };
}
