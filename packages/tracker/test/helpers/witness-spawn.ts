import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Address } from '@minitorrent/rpc-core';

/** A witness in a process of its own. */
export interface WitnessProcess extends AsyncDisposable {
  readonly address: Address;
  /** Kills it, without waiting for its end. */
  kill(): void;
  /** Stops it where it stands, connections and all, until it is told to go on. */
  stop(): void;
  goOn(): void;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
}

/** Starts a witness on a data folder; rejects with the code of its error when it does not start. */
export async function spawnWitness(dataDir: string): Promise<WitnessProcess> {
  const script = new URL('./witness-child.ts', import.meta.url).pathname;
  const child = spawn(process.execPath, ['--conditions=@minitorrent/source', script, dataDir], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const line = await firstLine(createInterface(child.stdout));
  if ('code' in line) {
    await exited;
    throw new Error(line.code);
  }
  return {
    address: line,
    kill: () => child.kill('SIGKILL'),
    stop: () => child.kill('SIGSTOP'),
    goOn: () => child.kill('SIGCONT'),
    exited,
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

async function firstLine(lines: AsyncIterable<string>): Promise<Address | { readonly code: string }> {
  for await (const line of lines) return JSON.parse(line);
  throw new Error('The witness ended without a word');
}
