/** What goes over the loopback interface while a program runs, in a network namespace of its own. */
import { execFile, spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const FILE_HEADER_BYTES = 24;
const PACKET_HEADER_BYTES = 16;
const LENGTH_AT = 8;

/**
 * How a namespace is made here, by root or by a user who may; undefined where nobody can. Nobody is root in a namespace of
 * users: tcpdump would want to become somebody else then, who does not exist there.
 */
const UNSHARE = [
  ['-n', '--kill-child'],
  ['-n', '-U', '--map-user=1000', '--map-group=1000', '--keep-caps', '--kill-child'],
].find((options) => works('unshare', [...options, 'ip', 'link', 'set', 'lo', 'up']));

/** What is missing for captures; undefined where nothing is. */
export const missingForCapture: string | undefined = !works('tcpdump', ['--version'])
  ? 'tcpdump is not installed: apt-get install tcpdump iproute2'
  : UNSHARE === undefined
    ? 'no network namespace can be made here: it takes iproute2, and root or user namespaces'
    : undefined;

export interface Capture {
  /** Every packet with its headers, in order. */
  readonly packets: readonly Buffer[];
  readonly bytes: number;
  /** What the program wrote. */
  readonly stdout: string;
}

/** Runs Node.js with these arguments, and writes the capture to `file`. Fails where the program does. */
export async function captureLoopback(file: string, args: readonly string[]): Promise<Capture> {
  const program = join(import.meta.dirname, 'capture-program.ts');
  const script = 'ip link set lo up && exec "$@"';
  const words = [...(UNSHARE ?? []), 'sh', '-c', script, 'sh', process.execPath, program, file, ...args];
  const { stdout } = await promisify(execFile)('unshare', words, { maxBuffer: 64 * 1024 * 1024 });
  const packets = packetsOf(await readFile(file));
  return { packets, bytes: packets.reduce((sum, { length }) => sum + length, 0), stdout };
}

/** The packets of a file in the format of libpcap, as this machine writes it. */
function packetsOf(pcap: Buffer): Buffer[] {
  const packets: Buffer[] = [];
  for (let at = FILE_HEADER_BYTES; at + PACKET_HEADER_BYTES <= pcap.length; ) {
    const length = pcap.readUInt32LE(at + LENGTH_AT);
    at += PACKET_HEADER_BYTES;
    packets.push(pcap.subarray(at, at + length));
    at += length;
  }
  return packets;
}

function works(command: string, args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
