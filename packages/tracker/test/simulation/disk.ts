/**
 * A disk on virtual time: writes become durable later and in order; a crash keeps a prefix of those that were not.
 *
 * A full one fails the next write and all after it, as a journal does, and may have kept a part of that one.
 */
import type { JournalRecord } from '../../src/entry.ts';
import { genesis, openRecord } from '../../src/entry.ts';
import type { JournalSnapshot } from '../../src/journal/journal.ts';
import type { JournalPosition } from '../../src/messages.ts';
import { decodeSnapshot } from '../../src/snapshot.ts';
import type { OwnedState } from '../../src/state.ts';
import { applyEntry, createState } from '../../src/state.ts';
import type { Chance } from './chance.ts';
import type { FaultCounts } from './fault-counts.ts';
import type { VirtualTime } from './virtual-time.ts';

interface Content {
  snapshot: JournalSnapshot | undefined;
  records: JournalRecord[];
}

type Change =
  | { readonly kind: 'append'; readonly records: readonly JournalRecord[] }
  | { readonly kind: 'truncate'; readonly after: number }
  | { readonly kind: 'install' | 'compact'; readonly snapshot: JournalSnapshot };

/** A planted disk answers before it has synced, and syncs much later. */
const LATE_SYNC_MS = 300;

export class Disk {
  /** With everything that was written, durable or not. */
  live: Content = { snapshot: undefined, records: [] };
  #durable: Content = { snapshot: undefined, records: [] };
  #queue: Change[] = [];
  /** A process that writes has one life; what it began means nothing to the next. */
  #life = 0;
  #freeAt = 0;
  #isFull = false;
  /** A write failed: nothing after it is kept. */
  #isBroken = false;
  readonly #parts: {
    readonly time: VirtualTime;
    readonly chance: Chance;
    readonly counts: FaultCounts;
    readonly diskMs: number;
    readonly skipsSync: boolean;
  };

  constructor(parts: {
    time: VirtualTime;
    chance: Chance;
    counts: FaultCounts;
    diskMs: number;
    skipsSync: boolean;
  }) {
    this.#parts = parts;
  }

  get base(): JournalPosition {
    return this.live.snapshot?.position ?? genesis;
  }

  get head(): JournalPosition {
    return this.live.records.at(-1)?.position ?? this.base;
  }

  /** With everything that was written, durable or not. */
  recordsAfter(after: number, upTo: number): readonly JournalRecord[] {
    const base = this.base.index;
    return this.live.records.slice(Math.max(0, after - base), Math.max(0, upTo - base));
  }

  positionAt(index: number): JournalPosition | undefined {
    const { base } = this;
    return index === base.index ? base : this.live.records[index - base.index - 1]?.position;
  }

  /** One of the two is called when the change is durable, or was refused; none after a crash. */
  write(change: Change, outcome: { readonly done: () => void; readonly failed: () => void }): void {
    // As the real journals do: what was dropped cannot be cut.
    const isRefused = this.#isFull || (change.kind === 'truncate' && change.after < this.base.index);
    apply(this.live, change);
    if (!this.#isBroken) this.#queue.push(change);
    const { time, chance, diskMs, skipsSync } = this.#parts;
    const syncAt = Math.max(this.#freeAt, time.now) + chance.between(1, 1 + diskMs);
    this.#freeAt = syncAt;
    const delayMs = syncAt - time.now;
    if (isRefused || this.#isBroken) {
      this.#soon(delayMs, () => {
        this.#lose();
        this.#isBroken = true;
        outcome.failed();
      });
    } else if (skipsSync) {
      this.#soon(delayMs, outcome.done);
      this.#soon(delayMs + LATE_SYNC_MS, () => this.#syncFirst());
    } else {
      this.#soon(delayMs, () => {
        this.#syncFirst();
        outcome.done();
      });
    }
  }

  /** The next write fails. */
  fill(): void {
    this.#isFull = true;
  }

  makeRoom(): void {
    this.#isFull = false;
  }

  crash(): void {
    const { chance, counts } = this.#parts;
    while (this.#queue.length > 0 && chance.oneIn(2)) this.#syncFirst();
    this.#lose();
    counts.unsyncedLost += Math.max(0, this.live.records.length - this.#durable.records.length);
    this.#restart();
  }

  /** Ends as a journal that is closed: all that was written is kept. */
  close(): void {
    while (this.#queue.length > 0) this.#syncFirst();
    this.#restart();
  }

  wipe(): void {
    this.#queue = [];
    this.#durable = { snapshot: undefined, records: [] };
    this.#restart();
  }

  /** Begins with these records, durable. */
  fillWith(records: readonly JournalRecord[]): void {
    this.#durable.records.push(...records);
    this.#restart();
  }

  /** Unless there is a crash before. */
  #soon(delayMs: number, task: () => void): void {
    const life = this.#life;
    this.#parts.time.after(delayMs, () => {
      if (this.#life === life) task();
    });
  }

  /** A part of what is to be written first may be kept, nothing after it. */
  #lose(): void {
    const torn = this.#queue[0];
    if (torn?.kind === 'append') {
      const kept = torn.records.slice(0, this.#parts.chance.between(0, torn.records.length));
      apply(this.#durable, { kind: 'append', records: kept });
    }
    this.#queue = [];
  }

  #restart(): void {
    this.#life += 1;
    this.#isBroken = false;
    this.#freeAt = 0;
    this.live = { ...this.#durable, records: [...this.#durable.records] };
  }

  #syncFirst(): void {
    const change = this.#queue.shift();
    if (change !== undefined) apply(this.#durable, change);
  }
}

/** The state after the entry `upTo` of the journal on `disk`. */
export function replayDisk(disk: Disk, upTo: number = disk.head.index): OwnedState {
  const { snapshot } = disk.live;
  const state = snapshot === undefined ? createState() : decodeSnapshot(snapshot);
  for (const record of disk.recordsAfter(state.position.index, upTo))
    applyEntry(state, openRecord(record, state.position), record);
  return state;
}

function apply(content: Content, change: Change): void {
  const base = content.snapshot?.position.index ?? 0;
  switch (change.kind) {
    case 'append':
      content.records.push(...change.records);
      break;
    case 'truncate':
      content.records.length = Math.max(0, change.after - base);
      break;
    case 'install':
      content.records = [];
      content.snapshot = change.snapshot;
      break;
    case 'compact':
      content.records = content.records.slice(change.snapshot.position.index - base);
      content.snapshot = change.snapshot;
      break;
  }
}
