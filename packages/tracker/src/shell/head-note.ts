/**
 * The last position of a journal, noted in a file of its own beside it.
 *
 * A bit that flips in SQLite's log makes SQLite drop the commits from there on without a word; a journal that is shorter
 * than its note has lost acknowledged entries. It is a hint: nobody waits for the disk, and one that is torn or missing
 * says nothing.
 */
import { hash } from 'node:crypto';
import { closeSync, constants, fsyncSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';

/** What is noted of a position. */
export interface Noted {
  readonly index: number;
  readonly hash: Uint8Array;
}

/** Index, hash, and eight bytes that tell a whole note from a torn one. */
const NOTE_BYTES = 48;

export class HeadNote {
  readonly #path: string;
  readonly #file: number;

  /** Of the journal in `journalFile`; made where it is missing. */
  constructor(journalFile: string) {
    this.#path = headNotePath(journalFile);
    this.#file = openSync(this.#path, constants.O_RDWR | constants.O_CREAT, 0o600);
  }

  read(): Noted | undefined {
    const bytes = new Uint8Array(readFileSync(this.#path));
    if (bytes.length !== NOTE_BYTES) return undefined;
    if (checksum(bytes).some((byte, at) => byte !== bytes[40 + at])) return undefined;
    return { index: Number(new DataView(bytes.buffer).getBigUint64(0)), hash: bytes.slice(8, 40) };
  }

  write(noted: Noted): void {
    const bytes = new Uint8Array(NOTE_BYTES);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(noted.index));
    bytes.set(noted.hash, 8);
    bytes.set(checksum(bytes), 40);
    writeSync(this.#file, bytes, 0, NOTE_BYTES, 0);
  }

  /** Before something is cut: a kill in between must not leave a note that asks for it. */
  clear(): void {
    ftruncateSync(this.#file, 0);
    fsyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function headNotePath(journalFile: string): string {
  return `${journalFile}.head`;
}

function checksum(note: Uint8Array): Uint8Array {
  return hash('sha256', note.subarray(0, 40), 'buffer').subarray(0, 8);
}
