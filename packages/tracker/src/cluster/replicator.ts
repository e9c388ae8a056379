/**
 * Carries out what the replication core asks for: the only place where it meets journal, ledger, register and wire.
 *
 * It decides nothing. Events go into the core one at a time, and its effects are begun in the order in which they come; those
 * that are about the ledger go on in a queue of their own (`replicated-ledger.ts`).
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { JournalRecord } from '../entry.ts';
import { describe, type TrackerError } from '../errors.ts';
import { toHex } from '../hex.ts';
import type { Journal } from '../journal/journal.ts';
import type { Commit, Ledger } from '../ledger.ts';
import type { SyncAnswer, SyncRequest } from '../messages.ts';
import type { Config } from '../register.ts';
import type { ReplicationEffect, ReplicationEvent } from '../replication/events.ts';
import { Replication, type ReplicationStatus } from '../replication/replication.ts';
import type { ReplicationRole } from '../replication/role.ts';
import { askRegister } from './ask-register.ts';
import { openWindow } from './open-window.ts';
import type { ClusterOptions, Standing } from './options.ts';
import { foreignData } from './refusals.ts';
import { ReplicatedLedger } from './replicated-ledger.ts';

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

export class Replicator {
  readonly #options: ReplicatorOptions;
  readonly #core: Replication;
  readonly #calls = new Map<number, (answer: SyncAnswer) => void>();
  #nextCall = 1;
  readonly #ledger: ReplicatedLedger;
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
    this.#ledger = new ReplicatedLedger({
      clock: options.clock,
      leads: () => (this.role === 'primary' ? this.config.epoch : undefined),
      onWritten: (record) => this.#tell({ kind: 'written', record }),
      onFailure: (error) => this.#diskFailed(error),
      onChanged: () => this.#changed(),
    });
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
  get commit(): Commit {
    return this.#ledger.commit;
  }

  /** Begins; `ledger` commits through `commit`, and nobody else appends to its journal. */
  start(ledger: Ledger): void {
    this.#ledger.start(ledger);
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
    await this.#ledger.close();
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
        this.#ledger.truncateAfter(effect.after, () => this.#tell({ kind: 'truncated' }));
        break;
      case 'install':
        this.#ledger.install(effect.snapshot, () => this.#tell({ kind: 'installed' }));
        break;
      case 'commit':
        this.#ledger.acknowledged(effect.index);
        break;
      case 'take_snapshot':
        void this.#ledger.takeSnapshot((snapshot) => this.#tell({ kind: 'snapshot_taken', snapshot }));
        break;
      case 'read_register':
        void askRegister(this.#options.cluster, (register) => register.read()).then((outcome) =>
          this.#tell({ kind: 'register_read', request: effect.request, outcome }),
        );
        break;
      case 'swap_register':
        void askRegister(this.#options.cluster, (register) =>
          register.compareAndSwap(effect.expectedEpoch, effect.config),
        ).then((outcome) => this.#tell({ kind: 'register_swapped', request: effect.request, outcome }));
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
    this.#ledger.appending(records);
    const index = records.at(-1)?.position.index ?? 0;
    this.#options.journal.append(records).then(
      () => this.#tell({ kind: 'appended', index }),
      (error: unknown) => this.#diskFailed(error),
    );
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
    if (role === 'primary') {
      standing.onMember();
      this.#ledger.lead(epoch);
    } else this.#ledger.follow();
    onRole(role, epoch, reason);
    this.#changed();
  }

  #wakeAt(atMs: number): void {
    const { clock } = this.#options;
    this.#cancelWake();
    this.#cancelWake = clock.schedule(Math.max(0, atMs - clock.now()), () => this.#tell({ kind: 'tick' }));
  }

  #diskFailed(error: unknown): void {
    if (this.#isClosed) return;
    this.#tell({ kind: 'disk_failed', reason: `The journal failed: ${describe(error)}` });
    this.#ledger.refuseWaiting();
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
