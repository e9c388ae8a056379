/**
 * One tracker of the simulation: the real replication core, ledger core and state on a virtual disk, network and clock.
 *
 * It is a shell as the real ones are: it carries out effects and decides nothing, except to crash in between.
 */
import { decode, encode } from '@minitorrent/wire-codec';
import type { Command } from '../../src/commands/command.ts';
import type { JournalRecord } from '../../src/entry.ts';
import { openRecord } from '../../src/entry.ts';
import { isTrackerError } from '../../src/errors.ts';
import type { Result } from '../../src/events.ts';
import { toHex } from '../../src/hex.ts';
import { LedgerCore } from '../../src/ledger-core.ts';
import type { JournalPosition, SyncAnswer, SyncRequest } from '../../src/messages.ts';
import { syncAnswer, syncRequest } from '../../src/messages.ts';
import type { TrackerState } from '../../src/model.ts';
import type { ReplicationEffect, ReplicationEvent } from '../../src/replication/events.ts';
import { Replication } from '../../src/replication/replication.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/snapshot.ts';
import type { OwnedState } from '../../src/state.ts';
import { applyEntry, createState } from '../../src/state.ts';
import type { Chance } from './chance.ts';
import { Disk } from './disk.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { Invariants } from './invariants.ts';
import { requireSameState } from './invariants.ts';
import type { LossyNetwork } from './network.ts';
import type { SimulationOptions } from './options.ts';
import type { SimulatedRegister } from './simulated-register.ts';
import type { VirtualTime } from './virtual-time.ts';

/** What a client is told: an answer, or to look elsewhere. */
export type Reply =
  | { readonly kind: 'result'; readonly answer: () => Result }
  | { readonly kind: 'elsewhere' };

export interface World {
  readonly time: VirtualTime;
  readonly network: LossyNetwork;
  readonly register: SimulatedRegister;
  readonly options: SimulationOptions;
  readonly invariants: Invariants;
  readonly counts: FaultCounts;
  readonly trackers: Map<string, SimulatedTracker>;
}

interface Process {
  readonly name: string;
  readonly replication: Replication;
  readonly ledger: LedgerCore;
  /** Of the ledger, while it decides writes. */
  epoch: number | undefined;
  waiting: { readonly index: number; readonly reply: () => void }[];
  readonly calls: Map<number, (message: SyncAnswer) => void>;
  nextCall: number;
  wakeAtMs: number;
}

const CLUSTER_ID = new Uint8Array(16).fill(0xc1);
const ROOMY = { pendingWrites: 4_096 };

export class SimulatedTracker {
  readonly name: string;
  readonly #world: World;
  readonly #chance: Chance;
  readonly #rate: number;
  readonly #disk: Disk;
  #storeId: string;
  #process: Process | undefined;
  #starts = 0;

  constructor(name: string, world: World, chance: Chance) {
    this.name = name;
    this.#world = world;
    this.#chance = chance;
    const { driftPerMille, diskMs, planted } = world.options;
    this.#rate = 1 + (chance.between(0, 2 * driftPerMille) - driftPerMille) / 1_000;
    const { time, counts } = world;
    this.#disk = new Disk({ time, chance, counts, diskMs, skipsSync: planted === 'skip_fsync' });
    this.#storeId = toHex(chance.random.bytes(16));
  }

  get isUp(): boolean {
    return this.#process !== undefined;
  }

  get storeId(): string {
    return this.#storeId;
  }

  get role(): string {
    return this.#process?.replication.role ?? 'down';
  }

  get state(): TrackerState | undefined {
    return this.#process?.ledger.state;
  }

  get acknowledgedIndex(): number {
    return this.#process?.ledger.durableIndex ?? -1;
  }

  get headIndex(): number {
    return this.#disk.head.index;
  }

  start(): void {
    if (this.isUp) return;
    const { options, trackers } = this.#world;
    this.#starts += 1;
    const state = this.#replay();
    const { base, live } = { base: this.#disk.base, live: this.#disk.live };
    const { planted } = options;
    const replication = new Replication(
      {
        storeId: this.#storeId,
        clusterId: CLUSTER_ID,
        peers: [...trackers.keys()].filter((name) => name !== this.name),
        hasRegister: true,
        founds: this.name === 'tracker-0',
        window: { base, records: live.records },
        windowLimits: { entries: options.windowEntries, bytes: 1e9 },
        random: this.#chance.random,
        ...(planted === undefined || planted === 'skip_fsync' || planted === 'register_restarts_empty'
          ? {}
          : { planted: new Set([planted]) }),
      },
      this.#now(),
    );
    this.#process = {
      name: `${this.name}#${this.#starts}`,
      replication,
      ledger: new LedgerCore(state, ROOMY),
      epoch: undefined,
      waiting: [],
      calls: new Map(),
      nextCall: 1,
      wakeAtMs: Number.POSITIVE_INFINITY,
    };
    this.#tell(this.#process, { kind: 'tick' });
  }

  crash(): void {
    const process = this.#process;
    if (process === undefined) return;
    this.#world.counts.crashes += 1;
    this.#process = undefined;
    this.#disk.crash();
  }

  /** The disk is lost, and with it who this tracker was. */
  wipe(): void {
    this.#process = undefined;
    this.#disk.wipe();
    this.#storeId = toHex(this.#chance.random.bytes(16));
  }

  handOver(): void {
    if (this.#process !== undefined) this.#tell(this.#process, { kind: 'hand_over' });
  }

  /** Keeps a snapshot of what is acknowledged and drops the entries before it. */
  compact(): void {
    const process = this.#process;
    if (process === undefined || process.ledger.durableIndex <= this.#disk.base.index) return;
    // Anybody else may have to cut what it has, and the observer has to see every entry.
    if (this.role !== 'primary' && this.role !== 'backup') return;
    if (process.ledger.durableIndex > this.#world.invariants.committed) return;
    this.#world.counts.compactions += 1;
    this.#disk.write({ kind: 'compact', snapshot: encodeSnapshot(this.#acknowledged(process)) }, () => {});
  }

  /** A client's write; `reply` may be called much later, or never. */
  write(command: Command, requestId: Uint8Array, reply: (reply: Reply) => void): void {
    const process = this.#process;
    if (process === undefined) return;
    if (process.epoch === undefined || !process.replication.mayWrite) {
      reply({ kind: 'elsewhere' });
      return;
    }
    const { record, index, answer } = process.ledger.decide(command, { requestId, epoch: process.epoch });
    const told = (): void => reply({ kind: 'result', answer });
    if (index <= process.ledger.durableIndex) told();
    else process.waiting.push({ index, reply: told });
    if (record !== undefined) this.#tell(process, { kind: 'written', record });
  }

  /** R6, whenever somebody looks. */
  checkRead(): void {
    const process = this.#process;
    if (process?.replication.mayRead(this.#now()))
      this.#world.invariants.reads(process.name, process.ledger.durableIndex);
  }

  /** Live state and replay are the same. */
  checkReplay(): void {
    const process = this.#process;
    if (process === undefined) return;
    const { index } = process.ledger.state.position;
    if (index < this.#disk.base.index) return;
    const live = encodeSnapshot(process.ledger.state).bytes;
    requireSameState(process.name, live, encodeSnapshot(this.#replay(index)).bytes);
  }

  receive(message: SyncRequest, answered: (message: SyncAnswer) => void): void {
    const process = this.#process;
    if (process === undefined) return;
    const call = process.nextCall++;
    process.calls.set(call, answered);
    this.#tell(process, { kind: 'request', call, message });
  }

  #now(): number {
    return this.#world.time.now * this.#rate;
  }

  #tell(process: Process, event: ReplicationEvent): void {
    for (const effect of process.replication.handle(event, this.#now())) {
      if (this.#process !== process) return;
      if (!this.#world.network.isHealed && this.#chance.oneIn(this.#world.options.effectsPerCrash)) {
        this.#world.counts.crashesAtAnEffect += 1;
        this.crash();
        this.#world.time.after(this.#chance.between(20, 3_000), () => this.start());
        return;
      }
      this.#carryOut(process, effect);
    }
  }

  /** Tells this process later, unless it ended. */
  #later(process: Process): (event: ReplicationEvent) => void {
    return (event) => {
      if (this.#process === process) this.#tell(process, event);
    };
  }

  #carryOut(process: Process, effect: ReplicationEffect): void {
    const { network, register, time, trackers, options } = this.#world;
    const tell = this.#later(process);
    switch (effect.kind) {
      case 'send': {
        const { to, request } = effect;
        const message = options.encodes
          ? decode(syncRequest, encode(syncRequest, effect.message).slice())
          : effect.message;
        network.send(this.name, to, () => {
          trackers.get(to)?.receive(message, (answer) => {
            network.send(to, this.name, () => tell({ kind: 'answer', request, message: answer }));
          });
        });
        break;
      }
      case 'answer': {
        const message = options.encodes
          ? decode(syncAnswer, encode(syncAnswer, effect.message).slice())
          : effect.message;
        process.calls.get(effect.call)?.(message);
        process.calls.delete(effect.call);
        break;
      }
      case 'append': {
        const index = effect.records.at(-1)?.position.index ?? 0;
        this.#disk.write(effect, () => tell({ kind: 'appended', index }));
        break;
      }
      case 'truncate':
        this.#disk.write(effect, () => tell({ kind: 'truncated' }));
        if (process.ledger.state.position.index > effect.after) process.ledger.restart(this.#replay());
        break;
      case 'install':
        this.#disk.write(effect, () => tell({ kind: 'installed' }));
        process.ledger.restart(decodeSnapshot(effect.snapshot));
        break;
      case 'take_snapshot': {
        const snapshot = encodeSnapshot(this.#acknowledged(process));
        time.after(2, () => tell({ kind: 'snapshot_taken', snapshot }));
        break;
      }
      case 'commit':
        this.#commit(process, effect.index);
        break;
      case 'read_register':
        register.read(this.name, (outcome) =>
          tell({ kind: 'register_read', request: effect.request, outcome }),
        );
        break;
      case 'swap_register':
        register.swap(this.name, effect, (outcome) =>
          tell({ kind: 'register_swapped', request: effect.request, outcome }),
        );
        break;
      case 'role':
        this.#takeRole(process, effect);
        break;
      case 'wake_at': {
        if (process.wakeAtMs === effect.atMs) break;
        process.wakeAtMs = effect.atMs;
        time.after((effect.atMs - this.#now()) / this.#rate + 0.001, () => {
          if (process.wakeAtMs !== effect.atMs) return;
          process.wakeAtMs = Number.POSITIVE_INFINITY;
          tell({ kind: 'tick' });
        });
        break;
      }
      case 'fault':
        break;
    }
  }

  #takeRole(process: Process, effect: Extract<ReplicationEffect, { kind: 'role' }>): void {
    if (effect.role === 'primary') {
      if (process.epoch === undefined) this.#beginToLead(process, effect.epoch);
      process.epoch = effect.epoch;
      return;
    }
    process.epoch = undefined;
    process.waiting = [];
    if (process.ledger.pendingWrites > 0) process.ledger.restart(this.#replay(process.ledger.durableIndex));
  }

  /** R3: all that a new primary has is acknowledged. */
  #beginToLead({ name, ledger }: Process, epoch: number): void {
    const { invariants } = this.#world;
    invariants.leads(name, (index) => this.#positionAt(index));
    for (const record of this.#recordsAfter(invariants.committed, ledger.durableIndex))
      invariants.commits(name, record.position, epoch);
  }

  #commit(process: Process, index: number): void {
    const { ledger, replication } = process;
    for (const record of this.#recordsAfter(ledger.state.position.index, index)) ledger.adopt(record);
    const { invariants } = this.#world;
    const leads = replication.role === 'primary' ? replication.config.epoch : undefined;
    // R3: what a new primary has found in its journal is acknowledged, too, though nobody may have said so before.
    const from = leads === undefined ? ledger.durableIndex : Math.min(ledger.durableIndex, invariants.committed);
    for (const record of this.#recordsAfter(from, index)) {
      invariants.commits(process.name, record.position, leads);
    }
    ledger.acknowledge(index);
    const ready = process.waiting.filter((one) => one.index <= index);
    process.waiting = process.waiting.filter((one) => one.index > index);
    for (const { reply } of ready) reply();
  }

  #recordsAfter(after: number, upTo: number): readonly JournalRecord[] {
    const base = this.#disk.base.index;
    return this.#disk.live.records.slice(Math.max(0, after - base), Math.max(0, upTo - base));
  }

  #positionAt(index: number): JournalPosition | undefined {
    const { base, live } = { base: this.#disk.base, live: this.#disk.live };
    return index === base.index ? base : live.records[index - base.index - 1]?.position;
  }

  #acknowledged(process: Process): TrackerState {
    const { ledger } = process;
    return ledger.pendingWrites === 0 ? ledger.state : this.#replay(ledger.durableIndex);
  }

  #replay(upTo = this.#disk.head.index): OwnedState {
    const { snapshot } = this.#disk.live;
    const state = snapshot === undefined ? createState() : decodeSnapshot(snapshot);
    for (const record of this.#recordsAfter(state.position.index, upTo))
      applyEntry(state, openRecord(record, state.position), record);
    return state;
  }
}

/** Whether a client was refused for good. */
export function isRefusal(error: unknown): boolean {
  return isTrackerError(error);
}
