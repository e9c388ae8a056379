import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Address } from '@minitorrent/rpc-core';

/** A tracker in a process of its own. */
export interface TrackerProcess extends AsyncDisposable {
  readonly address: Address;
  /** Sends the signal and waits for the end. Idempotent. */
  end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void>;
}

export interface SpawnOptions {
  /** The operating system lets no file of the process grow beyond it. */
  readonly maxFileBytes?: number;
}

/** Starts a tracker on a data folder or the URL of a PostgreSQL; rejects with the code of its error when it does not start. */
export async function spawnTracker(
  place: string,
  { maxFileBytes }: SpawnOptions = {},
): Promise<TrackerProcess> {
  const script = new URL('./tracker-child.ts', import.meta.url).pathname;
  const command = [process.execPath, '--conditions=@minitorrent/source', script, place];
  // The limit is counted in blocks of 512 bytes.
  const limit = maxFileBytes === undefined ? 'unlimited' : Math.ceil(maxFileBytes / 512);
  const child = spawn('sh', ['-c', `ulimit -f ${limit}; exec "$0" "$@"`, ...command], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await firstLine(child);
  if ('code' in line) {
    await exited;
    throw new Error(line.code);
  }
  const end: TrackerProcess['end'] = async (signal) => {
    child.kill(signal);
    await exited;
  };
  return { address: line, end, [Symbol.asyncDispose]: () => end('SIGKILL') };
}

async function firstLine(child: ChildProcess): Promise<Address | { readonly code: string }> {
  if (child.stdout === null) throw new TypeError('Cannot read the child: its output is no pipe');
  const lines = createInterface(child.stdout);
  for await (const line of lines) return JSON.parse(line);
  throw new Error('The tracker ended without a word');
}
