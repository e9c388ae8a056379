/**
 * What of the process the commands use, so that a test can put something else in its place.
 */
import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { Clock } from '@minitorrent/rpc-core';
import type { Variables } from './config.ts';
import type { OutputStream } from './output/screen.ts';

/** Standard input; `process.stdin` is one. */
export type InputStream = Readable & { readonly isTTY?: boolean };

export interface World {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly variables: Variables;
  readonly process: Pick<EventEmitter, 'on' | 'off'> & { exit(code: number): void };
  readonly clock: Clock;
}
