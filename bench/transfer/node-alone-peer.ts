/**
 * One end of a transfer with nothing in it but what no program on this platform can leave out: `serve <file>` reads and
 * encrypts, `fetch <port> <path> <bytes>` decrypts, hashes every leaf on a thread of its own, writes, and syncs. There is
 * no protocol, nobody is checked, and no hash is compared with anything.
 */
import { once } from 'node:events';
import { type FileHandle, open } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { type ConnectionOptions, connect, createServer, type TLSSocket } from 'node:tls';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { hashLeaves } from '../../packages/chunk-store/src/merkle-tree.ts';
import { createIdentity } from '../../packages/rpc-core/src/shell/identity.ts';
import { tlsSettings } from '../../packages/rpc-core/src/shell/tls-settings.ts';

const BLOCK_BYTES = 524_288;
const RECORD_BYTES = 16_384;
/** Read or received, and not yet sent or written. */
const BLOCKS_AT_ONCE = 6;

/** Its memory, and where in the file it is. */
interface Block {
  readonly memory: ArrayBuffer;
  readonly position: number;
  readonly byteLength: number;
}

if (isMainThread) await runMain(process.argv.slice(2));
else parentPort?.on('message', hashAndReturn);

async function runMain([role, path = '']: readonly string[]): Promise<void> {
  createInterface({ input: process.stdin })
    .on('line', (line) => void fetchFile(path, JSON.parse(line)))
    .on('close', () => process.exit());
  if (role === 'serve') await serveFile(path);
  else say({ type: 'listening' });
}

async function serveFile(path: string): Promise<void> {
  const file = await open(path);
  const settings = tlsSettings(createIdentity());
  const server = createServer(settings, (socket) => void sendAll(file, socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  say({ type: 'listening', port: (server.address() as AddressInfo).port });
}

/** Reads the next block while the one before it is on its way. */
async function sendAll(file: FileHandle, socket: TLSSocket): Promise<void> {
  const { size } = await file.stat();
  const buffers = Array.from({ length: BLOCKS_AT_ONCE }, () => new Uint8Array(BLOCK_BYTES));
  const sending: Promise<void>[] = [];
  for (let position = 0, turn = 0; position < size; position += BLOCK_BYTES, turn += 1) {
    await sending[turn - BLOCKS_AT_ONCE];
    const buffer = buffers[turn % BLOCKS_AT_ONCE] as Uint8Array;
    const { bytesRead } = await file.read(buffer, 0, BLOCK_BYTES, position);
    const bytes = buffer.subarray(0, bytesRead);
    sending.push(new Promise((resolve) => socket.write(bytes, () => resolve())));
  }
  socket.end();
}

interface Job {
  readonly port: number;
  readonly bytes: number;
}

/** Says `finished` when all is hashed, written and synced. */
async function fetchFile(path: string, { port, bytes }: Job): Promise<void> {
  const file = await open(path, 'w');
  const worker = new Worker(new URL(import.meta.url));
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const blocks = new ArrivingBlocks(bytes, (block) => worker.postMessage(block, [block.memory]));
  const onread = {
    buffer: new Uint8Array(RECORD_BYTES),
    callback: (count: number, record: Uint8Array) => blocks.take(record.subarray(0, count)),
  };
  // Where it makes the TCP socket itself, TLS takes `onread` as well, which its types do not know.
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, onread } as ConnectionOptions);
  let written = 0;
  worker.on('message', async ({ memory, position, byteLength }: Block) => {
    await file.write(new Uint8Array(memory), 0, byteLength, position);
    blocks.release(memory);
    socket.resume();
    written += byteLength;
    if (written === bytes) resolve();
  });
  await done;
  await file.sync();
  await worker.terminate();
  say({ type: 'finished' });
}

/** Cuts what arrives into blocks, in memory that is used again. */
class ArrivingBlocks {
  readonly #bytes: number;
  readonly #onBlock: (block: Block) => void;
  readonly #free = Array.from({ length: BLOCKS_AT_ONCE }, () => new ArrayBuffer(BLOCK_BYTES));
  #filling: Uint8Array<ArrayBuffer> | undefined;
  #filled = 0;
  #position = 0;

  constructor(bytes: number, onBlock: (block: Block) => void) {
    this.#bytes = bytes;
    this.#onBlock = onBlock;
  }

  /** Answers whether there is memory for more. */
  take(record: Uint8Array): boolean {
    for (let taken = 0; taken < record.length; ) {
      this.#filling ??= new Uint8Array(this.#free.pop() ?? new ArrayBuffer(BLOCK_BYTES));
      const part = record.subarray(taken, taken + BLOCK_BYTES - this.#filled);
      this.#filling.set(part, this.#filled);
      this.#filled += part.length;
      taken += part.length;
      if (this.#filled === BLOCK_BYTES || this.#position + this.#filled === this.#bytes)
        this.#pass(this.#filling);
    }
    return this.#free.length > 0 || this.#filling !== undefined;
  }

  release(memory: ArrayBuffer): void {
    this.#free.push(memory);
  }

  #pass({ buffer }: Uint8Array<ArrayBuffer>): void {
    this.#onBlock({ memory: buffer, position: this.#position, byteLength: this.#filled });
    this.#position += this.#filled;
    this.#filled = 0;
    this.#filling = undefined;
  }
}

function hashAndReturn({ memory, position, byteLength }: Block): void {
  hashLeaves(new Uint8Array(memory, 0, byteLength));
  parentPort?.postMessage({ memory, position, byteLength } satisfies Block, [memory]);
}

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
