/** A disk on virtual time: writes become durable later and in order; a crash keeps a prefix of those that were not. */
import type { JournalRecord } from '../../src/entry.ts';
import { genesis } from '../../src/entry.ts';
import type { JournalSnapshot } from '../../src/journal/journal.ts';
import type { JournalPosition } from '../../src/messages.ts';
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
  #life = 0;
  #freeAt = 0;
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

  /** `done` is called when the change is durable, unless there is a crash before. */
  write(change: Change, done: () => void): void {
    apply(this.live, change);
    this.#queue.push(change);
    const { time, chance, diskMs, skipsSync } = this.#parts;
    const life = this.#life;
    const syncAt = Math.max(this.#freeAt, time.now) + chance.between(1, 1 + diskMs);
    this.#freeAt = syncAt;
    const alive = (task: () => void) => () => {
      if (this.#life === life) task();
    };
    const sync = alive(() => this.#syncFirst());
    if (skipsSync) {
      time.after(syncAt - time.now, alive(done));
      time.after(syncAt - time.now + LATE_SYNC_MS, sync);
    } else {
      time.after(
        syncAt - time.now,
        alive(() => {
          sync();
          done();
        }),
      );
    }
  }

  crash(): void {
    this.#life += 1;
    this.#freeAt = 0;
    const { chance, counts } = this.#parts;
    while (this.#queue.length > 0 && chance.oneIn(2)) this.#syncFirst();
    const torn = this.#queue[0];
    if (torn?.kind === 'append') {
      const kept = torn.records.slice(0, chance.between(0, torn.records.length));
      apply(this.#durable, { kind: 'append', records: kept });
    }
    this.#queue = [];
    counts.unsyncedLost += Math.max(0, this.live.records.length - this.#durable.records.length);
    this.live = { ...this.#durable, records: [...this.#durable.records] };
  }

  wipe(): void {
    this.#life += 1;
    this.#queue = [];
    this.live = { snapshot: undefined, records: [] };
    this.#durable = { snapshot: undefined, records: [] };
  }

  #syncFirst(): void {
    const change = this.#queue.shift();
    if (change !== undefined) apply(this.#durable, change);
  }
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
