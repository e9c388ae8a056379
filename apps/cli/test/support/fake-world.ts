/**
 * Standard streams, signals and a clock that a test holds in its hands.
 */
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { createManualClock, type ManualClock } from '@minitorrent/rpc-core/testing';
import type { Variables } from '../../src/config.ts';
import type { OutputStream } from '../../src/output/screen.ts';
import type { World } from '../../src/world.ts';

export interface FakeWorld extends World {
  readonly stdin: PassThrough & { isTTY?: boolean };
  readonly clock: ManualClock;
  readonly signals: EventEmitter;
  /** Codes with which the process was ended at once. */
  readonly exits: readonly number[];
  /** All that was written to standard output so far. */
  out(): string;
  err(): string;
  /** Standard output as lines; as objects with `json()`. */
  lines(): string[];
  json(): unknown[];
}

export function createFakeWorld(
  options: { readonly tty?: boolean; readonly variables?: Variables } = {},
): FakeWorld {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const stdout = createRecorder(options.tty === true);
  const stderr = createRecorder(options.tty === true);
  const stdin: FakeWorld['stdin'] = new PassThrough();
  if (options.tty === true) stdin.isTTY = true;
  const lines = () => stdout.text().split('\n').slice(0, -1);
  return {
    stdin,
    stdout: stdout.stream,
    stderr: stderr.stream,
    variables: options.variables ?? {},
    process: Object.assign(signals, { exit: (code: number) => void exits.push(code) }),
    clock: createManualClock(),
    signals,
    exits,
    out: stdout.text,
    err: stderr.text,
    lines,
    json: () => lines().map((line) => JSON.parse(line)),
  };
}

function createRecorder(isTerminal: boolean): { readonly stream: OutputStream; text(): string } {
  let text = '';
  const stream = new PassThrough();
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  const terminal = isTerminal ? { isTTY: true, columns: 80, rows: 24 } : {};
  return { stream: Object.assign(stream, terminal), text: () => text };
}
