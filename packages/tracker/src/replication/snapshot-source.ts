/** Hands out a snapshot in parts to those who are too far behind, and has a new one taken when the last is too old. */

import type { JournalSnapshot } from '../journal/journal.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { Member } from './member.ts';

export class SnapshotSource {
  readonly #member: Member;
  #snapshot: JournalSnapshot | undefined;
  #isBeingTaken = false;

  constructor(member: Member) {
    this.#member = member;
  }

  /** Answers the part asked for, or the first one of another snapshot, or that it has to be asked for again. */
  answer(call: number, wanted: { readonly index: number; readonly offset: number }): void {
    const snapshot = this.#usable();
    if (snapshot === undefined) {
      this.#take();
      this.#member.answer(call, 'catching_up');
      return;
    }
    const { position, bytes } = snapshot;
    const isSame = wanted.index === position.index && wanted.offset <= bytes.length;
    const offset = isSame ? wanted.offset : 0;
    const part = bytes.subarray(offset, offset + MESSAGE_LIMITS.snapshotPartBytes);
    const answer = { position, offset, totalBytes: bytes.length, bytes: part };
    this.#member.answer(call, 'snapshot', { snapshot: answer });
  }

  taken(snapshot: JournalSnapshot): void {
    this.#isBeingTaken = false;
    this.#snapshot = snapshot;
  }

  forget(): void {
    this.#isBeingTaken = false;
    this.#snapshot = undefined;
  }

  /** One that the entries in the window go on from. */
  #usable(): JournalSnapshot | undefined {
    const snapshot = this.#snapshot;
    return snapshot !== undefined && this.#member.window.has(snapshot.position) ? snapshot : undefined;
  }

  #take(): void {
    if (this.#isBeingTaken) return;
    this.#isBeingTaken = true;
    this.#member.emit({ kind: 'take_snapshot' });
  }
}
