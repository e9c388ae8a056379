/** A system that transfers files, driven by the bench: what each contender of a transfer is. */
import type { Driven } from './driven.ts';
import type { Lab } from './lab.ts';
import type { SourceFile } from './source-file.ts';

export interface System {
  readonly name: string;
  readonly version: string;
  /**
   * Starts everything for one transfer: all ends run, whoever seeds has hashed its file and told the tracker, and
   * whoever downloads waits for its command.
   */
  open(job: Job): Promise<Session>;
}

export interface Job {
  readonly source: SourceFile;
  /** New and empty; removed after the transfer. */
  readonly folder: string;
  readonly lab: Lab;
}

/** Disposing of it ends every process. */
export interface Session extends AsyncDisposable {
  readonly seeders: readonly Driven[];
  readonly leechers: readonly Leecher[];
}

export interface Leecher {
  readonly process: Driven;
  /** From the start of the process until it could be told to download; undefined where nothing tells. */
  readonly readySeconds?: number;
  /** Tells it to download; resolves when the program says that the file is whole and verified. */
  download(): Promise<Arrival>;
}

export interface Arrival {
  readonly path: string;
  /** How long it took, where that is not the time since the command. */
  readonly seconds?: number;
}

/** A system, or what would bring it to this machine: `aria2 (apt-get install aria2)`. */
export type Found = { readonly system: System } | { readonly missing: string };
