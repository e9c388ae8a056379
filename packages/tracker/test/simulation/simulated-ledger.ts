/**
 * The ledger of one process: the real core of it, who waits for what, and what the observer is told of acknowledged entries.
 */
import type { Command } from '../../src/commands/command.ts';
import type { JournalRecord } from '../../src/entry.ts';
import type { JournalSnapshot } from '../../src/journal/journal.ts';
import { LedgerCore } from '../../src/ledger-core.ts';
import type { TrackerState } from '../../src/model.ts';
import { decodeSnapshot, encodeSnapshot } from '../../src/snapshot.ts';
import { type Disk, replayDisk } from './disk.ts';
import { type Invariants, requireSameState } from './invariants.ts';
import type { WriteAnswer } from './world.ts';

interface Waiting {
  readonly index: number;
  readonly tell: () => void;
  readonly giveUp: () => void;
}

const ROOMY = { pendingWrites: 4_096 };

export class SimulatedLedger {
  /** Of the process. */
  readonly #name: string;
  readonly #disk: Disk;
  readonly #invariants: Invariants;
  readonly #core: LedgerCore;
  /** In which it decides writes. */
  #epoch: number | undefined;
  #waiting: Waiting[] = [];

  constructor(name: string, disk: Disk, invariants: Invariants) {
    this.#name = name;
    this.#disk = disk;
    this.#invariants = invariants;
    this.#core = new LedgerCore(replayDisk(disk), ROOMY);
  }

  /** Undefined while another tracker decides. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  get state(): TrackerState {
    return this.#core.state;
  }

  get acknowledgedIndex(): number {
    return this.#core.durableIndex;
  }

  /** Decides a write; `answered` is called when it is acknowledged, or with nothing when that is not for this one to say. */
  write(
    command: Command,
    order: { readonly requestId: Uint8Array; readonly epoch: number },
    answered: (answer: WriteAnswer | undefined) => void,
  ): JournalRecord | undefined {
    const { record, index, answer } = this.#core.decide(command, order);
    this.when(index, { tell: () => answered(answer), giveUp: () => answered(undefined) });
    return record;
  }

  /** Calls one of the two: everything up to `index` is acknowledged, or this process decides no more. */
  when(index: number, then: Omit<Waiting, 'index'>): void {
    if (index <= this.#core.durableIndex) then.tell();
    else this.#waiting.push({ index, ...then });
  }

  lead(epoch: number): void {
    if (this.#epoch === undefined) {
      // R3: all that a new primary has is acknowledged.
      for (const { position } of this.#disk.recordsAfter(this.#invariants.committed, this.acknowledgedIndex))
        this.#invariants.commits(this.#name, position, epoch);
    }
    this.#epoch = epoch;
  }

  follow(): void {
    this.#epoch = undefined;
    for (const { giveUp } of this.#waiting.splice(0)) giveUp();
    if (this.#core.pendingWrites > 0) this.#core.restart(replayDisk(this.#disk, this.acknowledgedIndex));
  }

  /** All up to `index` is acknowledged; `leads`: the epoch of the primary that says so, where it is this one. */
  commit(index: number, leads: number | undefined): void {
    const { acknowledgedIndex, state } = this;
    for (const record of this.#disk.recordsAfter(state.position.index, index)) this.#core.adopt(record);
    // R3: what a new primary has found in its journal is acknowledged, too, though nobody may have said so before.
    const { committed } = this.#invariants;
    const from = leads === undefined ? acknowledgedIndex : Math.min(acknowledgedIndex, committed);
    for (const { position } of this.#disk.recordsAfter(from, index))
      this.#invariants.commits(this.#name, position, leads);
    this.#core.acknowledge(index);
    const ready = this.#waiting.filter((one) => one.index <= index);
    this.#waiting = this.#waiting.filter((one) => one.index > index);
    for (const { tell } of ready) tell();
  }

  /** The journal was cut after `index`. */
  cut(index: number): void {
    if (this.state.position.index > index) this.#core.restart(replayDisk(this.#disk));
  }

  install(snapshot: JournalSnapshot): void {
    this.#core.restart(decodeSnapshot(snapshot));
  }

  /** Of what is acknowledged. */
  takeSnapshot(): JournalSnapshot {
    const isWhole = this.#core.pendingWrites === 0;
    return encodeSnapshot(isWhole ? this.state : replayDisk(this.#disk, this.acknowledgedIndex));
  }

  /** Live state and replay are the same. */
  checkReplay(): void {
    const { index } = this.state.position;
    if (index < this.#disk.base.index) return;
    const replayed = encodeSnapshot(replayDisk(this.#disk, index));
    requireSameState(this.#name, encodeSnapshot(this.state).bytes, replayed.bytes);
  }
}
