/**
 * Figure `codec`: messages encoded and decoded a second, ours against msgpackr and protobufjs.
 *
 * Each of the others runs as its authors say it is fastest: msgpackr with shared record structures, protobufjs with its
 * generated methods and plain objects. Ours checks every limit while it decodes, which the others do not.
 */
import { readFile } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { decode, Writer } from '../../packages/wire-codec/src/index.ts';
import type { BenchOptions, Contender, Figure, Prepared, Sample } from '../harness/figure.ts';
import { findNpmPeers, requireNpmPeer } from '../harness/npm-peers.ts';
import { type BenchMessage, MESSAGES } from './messages.ts';

const OURS = 'wire-codec';
const OTHERS = ['msgpackr', 'protobufjs'] as const;
/** Processor time for one message of one contender in a round. */
const MEASURED_MS = { short: 100, long: 500 };
/** Messages between two looks at the clock. */
const BATCH = 256;

/** Encodes and decodes one message. */
interface Coder {
  readonly value: unknown;
  /** What is handed to a socket: one array, or parts for one vectored write. */
  encode(value: unknown): Uint8Array | readonly Uint8Array[];
  /** What came from a socket. */
  decode(bytes: Uint8Array): unknown;
}

export const codec: Figure = {
  id: 'codec',
  title: 'Messages encoded and decoded, a second of processor time',
  unit: 'all',
  better: 'more',
  targets: OTHERS.flatMap((against) =>
    MESSAGES.map(({ name }) => ({
      against,
      ratio: 1,
      unit: name,
      text: `${name} a second: ahead of ${against}`,
    })),
  ),
  prepare,
};

async function prepare({ form, say }: BenchOptions): Promise<Prepared> {
  const measuredMs = MEASURED_MS[form];
  const peers = await findNpmPeers(OTHERS, say);
  const contenders = [contender(OURS, '', ourCoder, measuredMs)];
  if ('found' in peers) {
    const { msgpackr, protobufjs } = peers.found;
    contenders.push(contender('msgpackr', msgpackr.version, await createMsgpackr(), measuredMs));
    contenders.push(contender('protobufjs', protobufjs.version, await createProtobuf(), measuredMs));
  }
  return { contenders, missing: 'missing' in peers ? peers.missing : [], close: async () => undefined };
}

function ourCoder({ value, codec: ours }: BenchMessage): Coder {
  const writer = new Writer({ byReference: true });
  const encode = (each: unknown) => {
    ours.write(writer, each);
    return writer.finishParts();
  };
  return { value, encode, decode: (bytes) => decode(ours, bytes) };
}

interface Msgpackr {
  readonly Packr: new (options: {
    readonly structures: readonly unknown[];
  }) => { pack(value: unknown): Uint8Array; unpack(bytes: Uint8Array): unknown };
}

async function createMsgpackr(): Promise<(message: BenchMessage) => Coder> {
  const { Packr } = requireNpmPeer<Msgpackr>('msgpackr');
  return ({ value }) => {
    const packr = new Packr({ structures: [] });
    return { value, encode: (each) => packr.pack(each), decode: (bytes) => packr.unpack(bytes) };
  };
}

export interface ProtobufType {
  encode(value: unknown): { finish(): Uint8Array };
  decode(bytes: Uint8Array): unknown;
}

interface Protobufjs {
  parse(
    source: string,
    options: { readonly keepCase: boolean },
  ): {
    readonly root: { lookupType(name: string): ProtobufType };
  };
}

/** The types of messages.proto. */
export async function loadProtobufTypes(): Promise<(name: string) => ProtobufType> {
  const { parse } = requireNpmPeer<Protobufjs>('protobufjs');
  const source = await readFile(new URL('messages.proto', import.meta.url), 'utf8');
  const { root } = parse(source, { keepCase: true });
  return (name) => root.lookupType(name);
}

async function createProtobuf(): Promise<(message: BenchMessage) => Coder> {
  const typeOf = await loadProtobufTypes();
  return ({ type, forProtobuf }) => {
    const pb = typeOf(type);
    return {
      value: forProtobuf,
      encode: (each) => pb.encode(each).finish(),
      decode: (bytes) => pb.decode(bytes),
    };
  };
}

function contender(
  name: string,
  version: string,
  coderOf: (message: BenchMessage) => Coder,
  measuredMs: number,
): Contender {
  const coders = MESSAGES.map((message) => ({ name: message.name, coder: coderOf(message) }));
  return {
    name,
    version,
    async run() {
      const rates: Record<string, number> = {};
      for (const { name: messageName, coder } of coders) {
        checkCoder(messageName, coder);
        rates[messageName] = measureRate(coder, measuredMs);
      }
      return { all: together(rates), ...rates };
    },
  };
}

/** Messages a second where each kind comes as often as the others. */
function together(rates: Sample): number {
  const seconds = Object.values(rates).reduce((sum, rate) => sum + 1 / rate, 0);
  return Object.keys(rates).length / seconds;
}

/** Messages for each second of processor time, of all threads: what is left to the garbage collector counts too. */
function measureRate({ value, encode: write, decode: read }: Coder, measuredMs: number): number {
  const received = joined(write(value));
  const before = process.cpuUsage();
  let count = 0;
  let usedMs = 0;
  while (usedMs < measuredMs) {
    for (let index = 0; index < BATCH; index += 1) {
      write(value);
      read(received);
    }
    count += BATCH;
    const { user, system } = process.cpuUsage(before);
    usedMs = (user + system) / 1_000;
  }
  return (count / usedMs) * 1_000;
}

function joined(sent: ReturnType<Coder['encode']>): Uint8Array {
  return sent instanceof Uint8Array ? sent : new Uint8Array(Buffer.concat(sent));
}

function checkCoder(name: string, { value, encode: write, decode: read }: Coder): void {
  if (!isDeepStrictEqual(plain(read(joined(write(value)))), plain(value))) {
    throw new Error(`What came back of ${name} is not what went in`);
  }
}

/** Without classes and views: objects, lists, and bytes as text. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  // protobufjs answers 64-bit numbers as objects of the class Long where that is installed.
  if (typeof value === 'object' && value !== null && 'toNumber' in value) return Number(value);
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}
