/**
 * One tracker of a cluster: what all parts of the replication core share.
 *
 * It holds the config, the window on the journal and what is asked of the disk. Who leads and who follows what is decided
 * elsewhere (`leading.ts`, `following.ts`, `election.ts`); here the few facts that they agree on change together.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { JournalRecord } from '../entry.ts';
import { genesis } from '../entry.ts';
import { fromHex } from '../hex.ts';
import type { JournalSnapshot, ReadLimits } from '../journal/journal.ts';
import type { JournalPosition, SyncAnswer } from '../messages.ts';
import type { Config, StoreId } from '../register.ts';
import { noConfig } from '../register.ts';
import { Allegiance } from './allegiance.ts';
import type { ReplicationEffect } from './events.ts';
import { PeerTable } from './peer-table.ts';
import { RecordWindow } from './record-window.ts';
import type { Timings } from './timings.ts';
import { TIMINGS } from './timings.ts';

/** Mistakes that a simulation has to notice; for tests only. */
export type PlantedBug =
  | 'acknowledge_early'
  | 'no_joint_rule'
  | 'take_over_without_being_in_sync'
  | 'read_without_lease'
  | 'forget_unknown_swaps'
  | 'count_pauses'
  | 'promote_at_once'
  | 'promote_without_mark'
  | 'drop_without_register';

/** Of what a tracker wrote while it stood alone. */
const OWN_EPOCH = 1;

export interface ReplicationOptions {
  readonly storeId: StoreId;
  /** 16 bytes that all trackers of the cluster were given. */
  readonly clusterId: Uint8Array;
  /** The names of the other trackers, as effects name them. */
  readonly peers: readonly string[];
  /** Whether there is a register. Without one nobody takes over by itself. */
  readonly hasRegister: boolean;
  /**
   * This tracker may begin the cluster: its journal is empty, or has what it wrote while it stood alone, and was never in a
   * cluster. Then it may be primary where the register was never swapped.
   */
  readonly founds: boolean;
  /** Does not lead by itself before it is told that it `looked` who else is there. */
  readonly looksFirst?: boolean;
  /** The end of the journal as it was opened; its head is durable, and what is up to `snapshotIndex` cannot be cut. */
  readonly window: {
    readonly base: JournalPosition;
    readonly records: readonly JournalRecord[];
    readonly snapshotIndex?: number;
  };
  readonly random: Random;
  readonly windowLimits?: ReadLimits;
  readonly timings?: Partial<Timings>;
  readonly planted?: ReadonlySet<PlantedBug>;
}

type Outcome = NonNullable<SyncAnswer['member']>['outcome'];

export class Member {
  readonly options: ReplicationOptions;
  readonly timings: Timings;
  readonly self: StoreId;
  readonly window: RecordWindow;
  readonly peers: PeerTable;
  readonly #storeIdBytes: Uint8Array;

  nowMs: number;
  config: Config = noConfig;
  /** This process swapped itself in as primary of the config, or stayed it. */
  isLeading = false;
  /** The whole journal here is the beginning of the primary's. */
  isCaughtUp = false;
  /** When the primary was last followed; the time of the start, too, because promises before it are forgotten. */
  heardAtMs: number;
  takeoverMs: number;
  readonly allegiance: Allegiance;
  /** The last entry that is durable here. */
  durable: number;
  /** The last entry that is known to be acknowledged. */
  committed: number;
  /** Of a journal that a snapshot may stand in the place of what is before: it cannot be cut there any more. */
  leastCut: number;
  /** The journal is being cut or replaced. */
  isDiskBusy = false;
  reason = 'started';
  #effects: ReplicationEffect[] = [];
  #wakeAtMs = Number.POSITIVE_INFINITY;

  constructor(options: ReplicationOptions, nowMs: number) {
    this.options = options;
    this.timings = { ...TIMINGS, ...options.timings };
    this.self = options.storeId;
    this.#storeIdBytes = fromHex(options.storeId);
    this.window = new RecordWindow(options.window.base, options.window.records, options.windowLimits);
    this.peers = new PeerTable(options.peers);
    this.nowMs = nowMs;
    this.heardAtMs = nowMs;
    this.allegiance = new Allegiance(nowMs);
    this.takeoverMs = this.#drawTakeoverMs();
    this.durable = this.window.head.index;
    this.committed = this.durable;
    this.leastCut = options.window.snapshotIndex ?? 0;
  }

  /** Everything that was appended is durable, and nothing is being cut. */
  get isDiskIdle(): boolean {
    return !this.isDiskBusy && this.durable === this.window.head.index;
  }

  /** This tracker may begin the cluster, where the register was never swapped. */
  get mayFound(): boolean {
    return this.options.founds && this.config.epoch === 0 && this.window.head.epoch <= OWN_EPOCH;
  }

  /** The register cannot be of an earlier epoch than this, unless it lost what it kept. */
  get leastEpoch(): number {
    return this.mayFound ? 0 : Math.max(this.config.epoch, this.window.head.epoch);
  }

  get isInSync(): boolean {
    return this.config.inSync.includes(this.self);
  }

  /**
   * Time goes on to `nowMs`. Of a step that is longer than `longestStepMs` this tracker saw only the beginning: it was
   * paused, or its clock jumped; meanwhile the primary may have spoken, so the rest does not count as its silence.
   */
  goOn(nowMs: number): void {
    const stepMs = nowMs - this.nowMs;
    if (stepMs <= 0) return;
    this.nowMs = nowMs;
    const missedMs = stepMs - this.timings.longestStepMs;
    if (missedMs <= 0 || this.isPlanted('count_pauses')) return;
    this.heardAtMs += missedMs;
    this.allegiance.missed(missedMs);
  }

  isPlanted(bug: PlantedBug): boolean {
    return this.options.planted?.has(bug) ?? false;
  }

  emit(effect: ReplicationEffect): void {
    this.#effects.push(effect);
  }

  /** The effects since the last time, and when to come back. */
  takeEffects(): readonly ReplicationEffect[] {
    if (this.#wakeAtMs !== Number.POSITIVE_INFINITY) this.emit({ kind: 'wake_at', atMs: this.#wakeAtMs });
    this.#wakeAtMs = Number.POSITIVE_INFINITY;
    const effects = this.#effects;
    this.#effects = [];
    return effects;
  }

  /** Something is due at `atMs`: whether that is now. */
  isDue(atMs: number): boolean {
    if (atMs <= this.nowMs) return true;
    this.#wakeAtMs = Math.min(this.#wakeAtMs, atMs);
    return false;
  }

  /** Goes on under a config of a higher epoch; any other changes nothing. */
  adopt(config: Config, how: { readonly isLeading: boolean; readonly reason: string }): void {
    if (config.epoch <= this.config.epoch) return;
    this.config = config;
    if (how.isLeading && !this.isLeading) this.lead();
    this.isLeading = how.isLeading;
    this.isCaughtUp = this.isInSync;
    this.reason = how.reason;
    this.heard();
    this.takeoverMs = this.#drawTakeoverMs();
  }

  /** Begins to decide, under the config that holds. */
  lead(): void {
    this.peers.restart();
    this.isLeading = true;
    this.heard();
  }

  /** There is a primary now, or at least there was one just now. */
  heard(): void {
    this.heardAtMs = this.nowMs;
  }

  /** The primary is followed now. */
  promise(): void {
    this.heard();
    this.allegiance.pledge(this.config, this.nowMs);
  }

  /** Whether no primary answers reads because of what was promised here. */
  get isReleased(): boolean {
    return this.isDue(this.allegiance.atMs + this.takeoverMs) || this.isPlanted('promote_at_once');
  }

  append(records: readonly JournalRecord[]): void {
    if (records.length > 0) this.emit({ kind: 'append', records });
  }

  truncateAfter(index: number): void {
    this.window.truncateAfter(index);
    this.durable = index;
    this.committed = Math.min(this.committed, index);
    this.isDiskBusy = true;
    this.emit({ kind: 'truncate', after: index });
  }

  install(snapshot: JournalSnapshot): void {
    const { position } = snapshot;
    this.window.restart(position);
    this.durable = position.index;
    this.committed = position.index;
    this.leastCut = position.index;
    this.isDiskBusy = true;
    this.emit({ kind: 'install', snapshot });
  }

  /** Everything up to `index` is acknowledged. */
  commit(index: number): void {
    if (index <= this.committed) return;
    this.committed = index;
    this.leastCut = index;
    this.emit({ kind: 'commit', index });
  }

  /** What every message says of this tracker. */
  introduction(): {
    clusterId: Uint8Array;
    storeId: Uint8Array;
    config: Config;
    committed: number;
  } {
    const { clusterId } = this.options;
    return { clusterId, storeId: this.#storeIdBytes, config: this.config, committed: this.committed };
  }

  answer(
    call: number,
    outcome: Outcome,
    rest: Partial<SyncAnswer> & Pick<NonNullable<SyncAnswer['member']>, 'snapshot'> = {},
  ): void {
    const { snapshot, ...others } = rest;
    const member = { ...this.introduction(), outcome, ...(snapshot === undefined ? {} : { snapshot }) };
    const head = this.window.at(this.durable) ?? this.window.head;
    this.emit({ kind: 'answer', call, message: { head, entries: [], ...others, member } });
  }

  /** Tells nothing: whoever learned the cluster id from an answer could call as one of the cluster. */
  answerStranger(call: number): void {
    this.emit({ kind: 'answer', call, message: { head: genesis, entries: [], member: undefined } });
  }

  #drawTakeoverMs(): number {
    const { takeoverMs, takeoverSpreadMs } = this.timings;
    return takeoverMs + this.options.random.integer(takeoverSpreadMs + 1);
  }
}
