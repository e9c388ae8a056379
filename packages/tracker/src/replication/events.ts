/**
 * What the replication core is told and what it asks for: the whole border between it and the world.
 *
 * Effects are carried out in the order in which they come. Those of the disk (`append`, `truncate`, `install`) are in
 * order among themselves, too, and each is answered by its event once it is durable.
 */
import type { JournalRecord } from '../entry.ts';
import type { JournalSnapshot } from '../journal/journal.ts';
import type { SyncAnswer, SyncRequest } from '../messages.ts';
import type { Config, ReadOutcome, SwapOutcome } from '../register.ts';
import type { ReplicationRole } from './role.ts';

export type ReplicationEvent =
  /** Time has come to where `wake_at` said. */
  | { readonly kind: 'tick' }
  /** The ledger decided a write, in the epoch that this tracker leads. */
  | { readonly kind: 'written'; readonly record: JournalRecord }
  /** All entries up to `index` are durable here. */
  | { readonly kind: 'appended'; readonly index: number }
  | { readonly kind: 'truncated' }
  | { readonly kind: 'installed' }
  /** A journal that does not take what it is given: what became of that is unknown until a new start. */
  | { readonly kind: 'disk_failed'; readonly reason: string }
  /** The state after an acknowledged entry, as `take_snapshot` asked. */
  | { readonly kind: 'snapshot_taken'; readonly snapshot: JournalSnapshot }
  /** A `sync` call of another tracker; `call` names it for its answer. */
  | { readonly kind: 'request'; readonly call: number; readonly message: SyncRequest }
  /** The answer to the request of that number; none is a lost one, and need not be told. */
  | { readonly kind: 'answer'; readonly request: number; readonly message: SyncAnswer }
  | { readonly kind: 'register_read'; readonly request: number; readonly outcome: ReadOutcome }
  | { readonly kind: 'register_swapped'; readonly request: number; readonly outcome: SwapOutcome }
  /** The other trackers were asked who they are, and none of them is this very store: see `looksFirst`. */
  | { readonly kind: 'looked' }
  /** A person says that this tracker shall be primary; for a pair without a register. What it may cost: `promotion.ts`. */
  | { readonly kind: 'promote' }
  /** This tracker is about to end: another one shall be primary, and nobody shall wait for it. */
  | { readonly kind: 'hand_over' };

export type ReplicationEffect =
  | { readonly kind: 'send'; readonly to: string; readonly request: number; readonly message: SyncRequest }
  | { readonly kind: 'answer'; readonly call: number; readonly message: SyncAnswer }
  | { readonly kind: 'append'; readonly records: readonly JournalRecord[] }
  /** Cut the journal after `index`; the state goes back where it was ahead. */
  | { readonly kind: 'truncate'; readonly after: number }
  | { readonly kind: 'install'; readonly snapshot: JournalSnapshot }
  | { readonly kind: 'take_snapshot' }
  /** All entries up to `index` are acknowledged: a primary answers its writers, others apply them. */
  | { readonly kind: 'commit'; readonly index: number }
  | { readonly kind: 'read_register'; readonly request: number }
  | {
      readonly kind: 'swap_register';
      readonly request: number;
      readonly expectedEpoch: number;
      readonly config: Config;
    }
  /** As `primary` writes are decided here, in `epoch`; as anything else they are not. */
  | {
      readonly kind: 'role';
      readonly role: ReplicationRole;
      readonly epoch: number;
      readonly reason: string;
    }
  /** Something that a person has to look at. */
  | { readonly kind: 'fault'; readonly message: string }
  /** Send `tick` at this time of the clock at the latest; replaces the one before. */
  | { readonly kind: 'wake_at'; readonly atMs: number };
