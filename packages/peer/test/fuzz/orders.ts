/** What the processes of a run tell each other. */
import type { Address } from '@minitorrent/rpc-core';
import type { LoopReport } from './loop-watch.ts';

/** What a target is to be, in a folder of its own. */
export type TargetOrders =
  | { readonly role: 'tracker'; readonly folder: string }
  | { readonly role: 'peer'; readonly folder: string; readonly tracker: Target }
  | {
      readonly role: 'caller';
      readonly folder: string;
      readonly hostile: Target;
      readonly seed: number;
      readonly connections: number;
      /** A file with the requests to make: JSON, by message, as hexadecimal text. */
      readonly requests: string;
    };

/** Where somebody can be reached, and who they are. */
export interface Target {
  readonly address: Address;
  readonly pin: Uint8Array;
}

/** What an honest client does: one ping after the other, and a call now and then. */
export interface HonestOrders {
  readonly target: Target;
  /** The process whose machine noise counts. */
  readonly targetPid: number;
}

/** Told by a target once. */
export interface Started {
  readonly kind: 'started';
  readonly target: Target;
  /** The file that it shares, where it does. */
  readonly root: Uint8Array;
}

/** What a target is like now. */
export interface Measured {
  readonly kind: 'measured';
  readonly loop: LoopReport;
  /** After garbage collection, bytes. */
  readonly rss: number;
  readonly heapUsed: number;
  readonly external: number;
  /** TCP connections that are open. */
  readonly sockets: number;
  /** What went wrong inside, and did not end the process. */
  readonly troubles: readonly string[];
}

/** What an honest client saw. */
export interface HonestReport {
  readonly kind: 'honest';
  readonly pings: number;
  readonly worstMs: number;
  /** The longest less what the machine took from both processes. */
  readonly worstOwnMs: number;
  /** The most that it waited itself in one turn, as its loop has it. */
  readonly waitedMs: number;
  readonly troubles: readonly string[];
}

export type Order = 'measure' | 'reset' | 'end';
export type Told = Started | Measured | HonestReport;
