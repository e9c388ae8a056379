/** All parts of one run, as each of them sees the others. */
import type { Command } from '../../src/commands/command.ts';
import type { Result } from '../../src/events.ts';
import type { SyncAnswer, SyncRequest } from '../../src/messages.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { Invariants } from './invariants.ts';
import type { LossyNetwork } from './network.ts';
import type { SimulationOptions } from './options.ts';
import type { SimulatedRegister } from './simulated-register.ts';
import type { VirtualTime } from './virtual-time.ts';

export const CLUSTER_ID: Uint8Array = new Uint8Array(16).fill(0xc1);

export interface World {
  readonly time: VirtualTime;
  readonly network: LossyNetwork;
  readonly register: SimulatedRegister;
  readonly options: SimulationOptions;
  readonly invariants: Invariants;
  readonly counts: FaultCounts;
  readonly trackers: ReadonlyMap<string, Machine>;
  /** When all trackers were in sync for the first time. */
  wellSince: number;
}

/** A tracker as those see it who call it. */
export interface Machine {
  readonly name: string;
  readonly storeId: string;
  readonly role: string;
  /** Answers when it is asked. */
  readonly isAwake: boolean;
  receive(message: SyncRequest, answered: (message: SyncAnswer) => void): void;
  write(command: Command, requestId: Uint8Array, reply: (reply: Reply<WriteAnswer>) => void): void;
  read(userId: string, reply: (reply: Reply<ReadAnswer>) => void): void;
  promote(): void;
}

/** What a client is told: an answer, or to look elsewhere. */
export type Reply<T> = { readonly kind: 'result'; readonly answer: T } | { readonly kind: 'elsewhere' };

/** The answer to a write: a result, or an error that is thrown. */
export type WriteAnswer = () => Result;

/** The answer to a read: who has the name that was asked for. */
export interface ReadAnswer {
  readonly owner: string | undefined;
  /** The process that says so. */
  readonly by: string;
}
