/** What the runner tells the processes that it starts, and what they tell it: one line of JSON each. */
import type { Address } from '@minitorrent/rpc-core';
import type { TrackerStatus } from '../../src/messages.ts';
import type { Config } from '../../src/register.ts';
import type { PinnedPlace } from './keys.ts';

/**
 * Mistakes that a run notices: of the replication core, and a disk that says `durable` a while too early. Others of the core
 * need an occasion that is too rare here; the simulator finds them.
 */
export const CHAOS_BUGS = ['acknowledge_early', 'take_over_without_being_in_sync', 'lying_disk'] as const;

export type ChaosBug = (typeof CHAOS_BUGS)[number];

export interface TrackerOrders {
  readonly listenAt: Address;
  /** Of its key; hexadecimal. */
  readonly seed: string;
  /** Hexadecimal. */
  readonly clusterId: string;
  /** A data folder and the others of the cluster, or a database. */
  readonly place:
    | { readonly dataDir: string; readonly peers: readonly PinnedPlace[]; readonly witness: PinnedPlace }
    | { readonly url: string };
  readonly planted: ChaosBug | undefined;
}

export interface WitnessOrders {
  readonly listenAt: Address;
  /** Of its key; hexadecimal. */
  readonly seed: string;
  /** The device ids of its trackers; hexadecimal. */
  readonly admit: readonly string[];
  readonly dataDir: string;
}

export type ChildLine =
  | { readonly kind: 'started'; readonly address: Address; readonly storeId: string }
  | {
      readonly kind: 'role';
      readonly role: TrackerStatus['role'];
      readonly reason: string;
      readonly config: Config;
    }
  /** Something that a person would have to look at. */
  | { readonly kind: 'fault'; readonly reason: string };

/** The orders in the arguments of this process; ends the process with its input, which is the runner's life. */
export function takeOrders<T>(): T {
  process.stdin.on('end', () => process.exit()).resume();
  // The runner is this module's only other side.
  return JSON.parse(process.argv[2] ?? '') as T;
}

export function tellRunner(line: ChildLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
