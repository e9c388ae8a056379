/**
 * Carries out what the replication core asks for: the only place where it meets journal, ledger, register and wire.
 *
 * It decides nothing. What affects the order of things:
 * - events go into the core one at a time, and its effects are begun in the order in which they come;
 * - the ledger changes hands in a queue of its own, because going back takes a while: it follows, adopts, leads;
 * - a write that the ledger decided is told to the core only while the core leads the same epoch; any other stays
 *   unanswered until the ledger is told to follow, which is on its way then.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { JournalRecord } from '../entry.ts';
import { describe, TrackerError } from '../errors.ts';
import { toHex } from '../hex.ts';
import type { Journal } from '../journal/journal.ts';
import type { Commit, Ledger } from '../ledger.ts';
import type { SyncAnswer, SyncRequest } from '../messages.ts';
import type { Config, ReadOutcome, Register, SwapOutcome } from '../register.ts';
import type { ReplicationEffect, ReplicationEvent } from '../replication/events.ts';
import { Replication, type ReplicationStatus } from '../replication/replication.ts';
import type { ReplicationRole } from '../replication/role.ts';
import { encodeSnapshotInSlices } from '../snapshot.ts';
import { openWindow } from './open-window.ts';
import type { ClusterOptions, Standing } from './options.ts';

export interface ReplicatorOptions {
  readonly cluster: ClusterOptions;
  readonly standing: Standing;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  /** The names of the other trackers. */
  readonly peers: readonly string[];
  /** Calls `sync` at the tracker of that name. */
  readonly send: (to: string, message: SyncRequest) => Promise<SyncAnswer>;
  /** Something that a person has to look at. */
  readonly onFault: (reason: string) => void;
  readonly onRole: (role: ReplicationRole, epoch: number, reason: string) => void;
}

interface WaitingCommit {
  readonly index: number;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #core: Replication;
  readonly #calls = new Map<number, (answer: SyncAnswer) => void>();
  #nextCall = 1;
  #ledger: Ledger | undefined;
  /** Settles when everything that was begun with the ledger is done; never rejects. */
  #ledgerWork: Promise<void> = Promise.resolve();
  #ledgerTasks = 0;
  /** Appended here and not known to be acknowledged. */
  #unacknowledged: JournalRecord[] = [];
  #waiting: WaitingCommit[] = [];
  readonly #watchers = new Set<() => void>();
  #cancelWake: () => void = () => undefined;
  #isLeaving = false;
  #isClosed = false;
  /** Why it takes no part for good, where that has a code of its own. */
  #refusal: TrackerError | undefined;

  /** Reads the end of the journal. Fails as `Journal.read` does. */
  static async open(options: ReplicatorOptions): Promise<Replicator> {
    const { journal, cluster, standing, peers, random, clock } = options;
    const core = new Replication(
      {
        storeId: toHex(journal.storeId),
        clusterId: cluster.clusterId,
        peers,
        hasRegister: cluster.register !== undefined,
        founds: standing.kind !== 'member',
        looksFirst: true,
        window: await openWindow(journal),
        random,
        ...(cluster.timings === undefined ? {} : { timings: cluster.timings }),
      },
      clock.now(),
    );
    return new Replicator(options, core);
  }

  private constructor(options: ReplicatorOptions, core: Replication) {
    this.#options = options;
    this.#core = core;
  }

  get role(): ReplicationRole {
    return this.#core.role;
  }

  get config(): Config {
    return this.#core.config;
  }

  /** What every change is refused with, until somebody starts this tracker in another way. */
  get refusal(): TrackerError | undefined {
    return this.#refusal;
  }

  get mayWrite(): boolean {
    return this.#core.mayWrite;
  }

  get mayRead(): boolean {
    return this.#core.mayRead(this.#options.clock.now());
  }

  status(): ReplicationStatus {
    return this.#core.status(this.#options.clock.now());
  }

  /** To be given to the ledger. */
  readonly commit: Commit = (records) => {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const index = records.at(-1)?.position.index ?? 0;
    this.#waiting.push({ index, resolve, reject });
    for (const record of records) {
      if (this.role !== 'primary' || record.position.epoch !== this.config.epoch) break;
      this.#tell({ kind: 'written', record });
    }
    return promise;
  };

  /** Begins; `ledger` commits through `commit`, and nobody else appends to its journal. */
  start(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#follow();
    this.#tell({ kind: 'tick' });
  }

  /** Serves `sync` of another tracker. */
  request(message: SyncRequest): Promise<SyncAnswer> {
    const { promise, resolve } = Promise.withResolvers<SyncAnswer>();
    const call = this.#nextCall++;
    this.#calls.set(call, resolve);
    this.#tell({ kind: 'request', call, message });
    return promise;
  }

  /** It is about to end: what others write from now on need not come here any more. */
  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  leave(): void {
    this.#isLeaving = true;
    this.#changed();
  }

  /** Every other tracker was asked who it is: from now on this one may lead. */
  looked(): void {
    this.#tell({ kind: 'looked' });
  }

  /** Takes part no longer, and refuses every change, until somebody starts this tracker in another way. */
  refuse(error: TrackerError): void {
    if (this.#isClosed || this.#refusal !== undefined) return;
    this.#refusal = error;
    this.#stop(error.message);
    this.#changed();
  }

  promote(): void {
    this.#tell({ kind: 'promote' });
  }

  handOver(): void {
    this.#tell({ kind: 'hand_over' });
  }

  /** Calls `watcher` when role or config have changed, or the ledger shows more, until the answer is called. */
  watch(watcher: () => void): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  /** Stops; the ledger and its journal are closed by their owner. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelWake();
    this.#rejectWaiting();
    await this.#ledgerWork;
  }

  #tell(event: ReplicationEvent): void {
    if (this.#isClosed) return;
    try {
      for (const effect of this.#core.handle(event, this.#options.clock.now())) this.#carryOut(effect);
    } catch (error) {
      // A defect: nothing that follows could be trusted, and the others go on without this one.
      this.#stop(`This tracker no longer takes part, because of a defect: ${describe(error)}`);
    }
  }

  #carryOut(effect: ReplicationEffect): void {
    switch (effect.kind) {
      case 'send':
        this.#send(effect);
        break;
      case 'answer':
        this.#calls.get(effect.call)?.(effect.message);
        this.#calls.delete(effect.call);
        break;
      case 'append':
        this.#append(effect.records);
        break;
      case 'truncate':
        this.#unacknowledged = this.#unacknowledged.filter(({ position }) => position.index <= effect.after);
        this.#withLedger(async (ledger) => {
          await ledger.truncateAfter(effect.after);
          this.#tell({ kind: 'truncated' });
        });
        break;
      case 'install':
        this.#unacknowledged = [];
        this.#withLedger(async (ledger) => {
          await ledger.install(effect.snapshot);
          this.#tell({ kind: 'installed' });
          this.#changed();
        });
        break;
      case 'commit':
        this.#committed(effect.index);
        break;
      case 'take_snapshot':
        void this.#takeSnapshot();
        break;
      case 'read_register':
        void this.#ask((register) => register.read()).then((outcome) =>
          this.#tell({ kind: 'register_read', request: effect.request, outcome }),
        );
        break;
      case 'swap_register':
        void this.#ask((register) => register.compareAndSwap(effect.expectedEpoch, effect.config)).then(
          (outcome) => this.#tell({ kind: 'register_swapped', request: effect.request, outcome }),
        );
        break;
      case 'role':
        this.#takeRole(effect);
        break;
      case 'fault':
        this.#options.onFault(effect.message);
        break;
      case 'wake_at':
        this.#wakeAt(effect.atMs);
        break;
    }
  }

  #send({ to, request, message }: Extract<ReplicationEffect, { kind: 'send' }>): void {
    this.#options.send(to, message).then(
      (answer) => this.#tell({ kind: 'answer', request, message: answer }),
      // No answer is an everyday outcome: the core asks again, and who is silent is shown by the status.
      () => undefined,
    );
  }

  #append(records: readonly JournalRecord[]): void {
    this.#unacknowledged.push(...records);
    const index = records.at(-1)?.position.index ?? 0;
    this.#options.journal.append(records).then(
      () => this.#tell({ kind: 'appended', index }),
      (error: unknown) => this.#diskFailed(error),
    );
  }

  /** All up to `index` is acknowledged: a primary's ledger has it already and waits for this, any other takes it now. */
  #committed(index: number): void {
    const records = takeWhile(this.#unacknowledged, ({ position }) => position.index <= index);
    for (const { resolve } of takeWhile(this.#waiting, (one) => one.index <= index)) resolve();
    if (this.#ledger?.mode === 'ready' && this.#ledgerTasks === 0) return;
    this.#adopt(records);
  }

  #adopt(records: readonly JournalRecord[]): void {
    if (records.length === 0) return;
    this.#withLedger(async (ledger) => {
      await ledger.adopt(records.filter(({ position }) => position.index > ledger.latest.position.index));
      this.#changed();
    });
  }

  #takeRole({ role, epoch, reason }: Extract<ReplicationEffect, { kind: 'role' }>): void {
    const { standing, onRole } = this.#options;
    const isFollowing = epoch > 0 && (role === 'joining' || role === 'backup');
    // What the register counts on is the cluster's, whoever wrote it.
    const isCountedOn = this.config.inSync.includes(toHex(this.#options.journal.storeId));
    if (standing.kind === 'own' && isFollowing && !isCountedOn) {
      this.refuse(foreignData);
      return;
    }
    if (role === 'primary') this.#lead(epoch);
    else this.#follow();
    onRole(role, epoch, reason);
    this.#changed();
  }

  #lead(epoch: number): void {
    this.#options.standing.onMember();
    if (this.#ledger?.mode === 'ready' && this.#ledgerTasks === 0) {
      this.#ledger.lead(epoch);
      return;
    }
    // R3: all that a new primary has is acknowledged, and its ledger shows it before it decides anything.
    this.#adopt(this.#unacknowledged);
    this.#unacknowledged = [];
    this.#withLedger((ledger) => {
      if (this.role === 'primary') ledger.lead(this.config.epoch);
      this.#changed();
    });
  }

  #follow(): void {
    this.#withLedger(async (ledger) => {
      if (ledger.mode !== 'ready') return;
      const done = ledger.follow(refusal);
      this.#rejectWaiting();
      await done;
    });
  }

  #rejectWaiting(): void {
    for (const { reject } of this.#waiting.splice(0)) reject(refusal);
  }

  /** Runs `task` when everything before it is done. */
  #withLedger(task: (ledger: Ledger) => void | Promise<void>): void {
    const ledger = this.#ledger;
    if (ledger === undefined) throw new TypeError('Cannot replicate before start()');
    this.#ledgerTasks += 1;
    this.#ledgerWork = this.#ledgerWork
      .then(() => task(ledger))
      .catch((error: unknown) => this.#diskFailed(error))
      .finally(() => {
        this.#ledgerTasks -= 1;
      });
  }

  async #takeSnapshot(): Promise<void> {
    const { clock } = this.#options;
    try {
      const ledger = this.#ledger;
      if (ledger === undefined) return;
      // In slices, because a primary that is busy for a second is taken for lost.
      const pause = (): Promise<void> => new Promise((resolve) => clock.schedule(0, resolve));
      const snapshot = await encodeSnapshotInSlices((freeze) => ledger.read(freeze), { pause });
      this.#tell({ kind: 'snapshot_taken', snapshot });
    } catch {
      // The ledger changes hands just now; whoever needs the snapshot still waits for it.
      if (!this.#isClosed) clock.schedule(SNAPSHOT_RETRY_MS, () => void this.#takeSnapshot());
    }
  }

  /** A register must not reject; one that does anyway has not answered. */
  async #ask<O extends ReadOutcome | SwapOutcome>(
    question: (register: Register) => Promise<O>,
  ): Promise<O | { readonly kind: 'unknown'; readonly why: string }> {
    const { register } = this.#options.cluster;
    if (register === undefined) return { kind: 'unknown', why: 'there is no register' };
    try {
      return await question(register);
    } catch (error) {
      return { kind: 'unknown', why: describe(error) };
    }
  }

  #wakeAt(atMs: number): void {
    const { clock } = this.#options;
    this.#cancelWake();
    this.#cancelWake = clock.schedule(Math.max(0, atMs - clock.now()), () => this.#tell({ kind: 'tick' }));
  }

  #diskFailed(error: unknown): void {
    if (this.#isClosed) return;
    this.#tell({ kind: 'disk_failed', reason: `The journal failed: ${describe(error)}` });
    this.#rejectWaiting();
  }

  /** Takes part no longer; what is known here can still be read. */
  #stop(reason: string): void {
    this.#options.onFault(reason);
    for (const effect of this.#core.handle({ kind: 'disk_failed', reason }, this.#options.clock.now())) {
      if (effect.kind === 'role' || effect.kind === 'answer') this.#carryOut(effect);
    }
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

const SNAPSHOT_RETRY_MS = 100;

const refusal = new TrackerError(
  'not_primary',
  'This tracker does not decide changes now; another one of its cluster does',
);

const foreignData = new TrackerError(
  'foreign_data',
  'The data folder of this tracker has users or groups of its own, which following another tracker would replace; ' +
    'start it with an empty folder to join the cluster, or begin a new cluster with this one',
);

/** Takes the first items that `isWanted`, up to the first that is not, out of `items`. */
function takeWhile<T>(items: T[], isWanted: (item: T) => boolean): T[] {
  const end = items.findIndex((item) => !isWanted(item));
  return items.splice(0, end === -1 ? items.length : end);
}
