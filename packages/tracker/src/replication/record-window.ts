/**
 * The last entries of the journal in memory: what a primary sends, and where two journals are compared.
 *
 * An epoch has one primary, which never writes two entries of one index; so epoch and index name an entry, and the hash
 * chain shows that everything before it is the same, too. Who stands before the window's base needs a snapshot.
 */
import type { JournalRecord } from '../entry.ts';
import { sameBytes } from '../entry.ts';
import type { ReadLimits } from '../journal/journal.ts';
import { takeWithin } from '../journal/journal.ts';
import type { JournalPosition } from '../messages.ts';

/** How much is kept: half a minute of writes at full load, and no more memory than a small snapshot. */
export const WINDOW_LIMITS: ReadLimits = { entries: 16_384, bytes: 16 * 1024 * 1024 };

export class RecordWindow {
  readonly #limits: ReadLimits;
  #base: JournalPosition;
  #records: JournalRecord[];
  #bytes = 0;

  /** `records` follow `base`. */
  constructor(base: JournalPosition, records: readonly JournalRecord[], limits: ReadLimits = WINDOW_LIMITS) {
    this.#limits = limits;
    this.#base = base;
    this.#records = [];
    for (const record of records) this.push(record);
  }

  get head(): JournalPosition {
    return this.#records.at(-1)?.position ?? this.#base;
  }

  /** The oldest position that is known here. */
  get base(): JournalPosition {
    return this.#base;
  }

  at(index: number): JournalPosition | undefined {
    if (index === this.#base.index) return this.#base;
    return this.#records[index - this.#base.index - 1]?.position;
  }

  /** Whether this journal has the entry of `position`, so far as the window tells. */
  has(position: JournalPosition): boolean {
    const own = this.at(position.index);
    return own !== undefined && sameBytes(own.hash, position.hash);
  }

  /** The last position whose epoch and index are both at most those of `position`; undefined before the base. */
  lastNotAfter({ epoch, index }: JournalPosition): JournalPosition | undefined {
    for (let at = Math.min(index, this.head.index); at > this.#base.index; at -= 1) {
      const own = this.at(at);
      if (own !== undefined && own.epoch <= epoch) return own;
    }
    return this.#base.index <= index && this.#base.epoch <= epoch ? this.#base : undefined;
  }

  /** The records after `index`, at least one where there is one; none before the base. */
  after(index: number, limits: ReadLimits): readonly JournalRecord[] {
    const from = index - this.#base.index;
    if (from < 0) return [];
    return takeWithin(this.#records.slice(from, from + limits.entries), limits);
  }

  push(record: JournalRecord): void {
    this.#records.push(record);
    this.#bytes += record.bytes.length;
    const { entries, bytes } = this.#limits;
    // A quarter at a time, because each time moves all that stay.
    if (this.#records.length > entries * 1.25 || this.#bytes > bytes * 1.25) this.#trim();
  }

  truncateAfter(index: number): void {
    for (const record of this.#records.splice(index - this.#base.index)) this.#bytes -= record.bytes.length;
  }

  /** Goes on from `position`, with nothing before it. */
  restart(position: JournalPosition): void {
    this.#base = position;
    this.#records = [];
    this.#bytes = 0;
  }

  #trim(): void {
    const { entries, bytes } = this.#limits;
    let drop = 0;
    while (this.#records.length - drop > entries || this.#bytes > bytes) {
      const record = this.#records[drop];
      if (record === undefined) break;
      this.#bytes -= record.bytes.length;
      this.#base = record.position;
      drop += 1;
    }
    this.#records = this.#records.slice(drop);
  }
}
