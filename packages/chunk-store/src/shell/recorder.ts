/**
 * Keeps the resume record of a download true: at any instant, what the record on disk names is on disk too.
 *
 * So pieces and the name of their file are synced before the record that names them is written, a session says that it is
 * writing before it writes where an earlier record says otherwise, and an orderly end says so with the file's last time of
 * change. Only pieces that reached the disk are ever named: when a sync fails, those it was for count as missing, as nobody
 * can tell any more what became of them.
 */
import type { Bitfield } from '../bitfield.ts';
import { type FileIdentity, identityOf } from '../file-identity.ts';
import type { Manifest } from '../manifest.ts';
import { encodeResumeRecord, type ResumeState } from '../resume-record.ts';
import { attempt } from './file-errors.ts';
import type { FileHandle, FileSystem } from './file-system.ts';
import type { LeafSidecar } from './leaf-sidecar.ts';
import { replaceFile } from './replace-file.ts';

/** What a recorder is made from. It closes none of it. */
export interface RecorderParts {
  readonly fs: FileSystem;
  readonly manifest: Manifest;
  /** Where the record goes. */
  readonly record: { readonly folder: string; readonly path: string };
  /** The data file. */
  readonly path: string;
  readonly handle: FileHandle;
  /** The folder of the data file where a crash can take its name away; undefined where that is durable. */
  readonly unsyncedFolder: string | undefined;
  readonly sidecar: LeafSidecar;
  /** The pieces that count as here. */
  readonly have: Bitfield;
  /** Those of them that no record on disk names yet. */
  readonly unsynced: Iterable<number>;
  readonly recorded: RecordedState;
}

/**
 * The state in the record on disk. `none`: no session finds a record there. `doubtful`: there is one that was not believed.
 */
export type RecordedState = ResumeState | 'none' | 'doubtful';

/** Writes the record of one download. Its steps run one after the other, in the order of the calls. */
export class Recorder {
  readonly #parts: RecorderParts;
  readonly #unsynced: Set<number>;
  #unsyncedFolder: string | undefined;
  #recorded: RecordedState;
  /** What a record has to say that is made while the session goes on. */
  #state: ResumeState;
  #last: Promise<unknown> = Promise.resolve();
  #recordedCount: number;
  #syncFailures = 0;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#unsynced = new Set(parts.unsynced);
    this.#unsyncedFolder = parts.unsyncedFolder;
    this.#recorded = parts.recorded;
    this.#state = isState(parts.recorded) ? parts.recorded : 'closed';
    this.#recordedCount = parts.have.count - this.#unsynced.size;
  }

  /** Counts failed syncs: a write that saw one pass cannot know whether it was part of it. */
  get syncFailures(): number {
    return this.#syncFailures;
  }

  /**
   * Before the first write: has the record say that the file is being written. Where there is none, that says as much, and
   * the first pieces need not wait for the disk.
   */
  async beginWriting(): Promise<void> {
    this.#state = 'writing';
    if (this.#recorded === 'writing' || this.#recorded === 'none') return;
    await this.#inTurn(async () => {
      if (this.#recorded !== 'writing') await this.#save('writing');
    });
  }

  /** Notes a piece that was written, and is not durable yet. */
  wrote(index: number): void {
    this.#unsynced.add(index);
  }

  /** Makes everything written so far durable, and names it in the record. */
  flush(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#unsynced.size > 0 || !isState(this.#recorded)) await this.#save(this.#state);
    });
  }

  /** Has the record say that the session ended in order, or that the file is whole; the state of the file that it names. */
  seal(state: 'closed' | 'complete'): Promise<FileIdentity> {
    return this.#inTurn(() => this.#save(state));
  }

  /** Whether an orderly end has something to write down. */
  get isSealed(): boolean {
    return isState(this.#recorded) && this.#recorded !== 'writing' && this.#isUpToDate;
  }

  /** Pieces come by writes, which are unsynced first, and go one by one: so their number tells. */
  get #isUpToDate(): boolean {
    return this.#unsynced.size === 0 && this.#parts.have.count === this.#recordedCount;
  }

  async #save(state: ResumeState): Promise<FileIdentity> {
    const { fs, manifest, record, path, handle, have } = this.#parts;
    const covered = [...this.#unsynced];
    await this.#sync(state);
    for (const index of covered) this.#unsynced.delete(index);
    const pieces = have.clone();
    // Written while the others were synced.
    for (const index of this.#unsynced) pieces.clear(index);
    const identity = identityOf(await attempt('look at', path, () => handle.info()));
    try {
      await this.#syncName();
      await replaceFile(fs, record, encodeResumeRecord(manifest, { state, identity, pieces }));
    } catch (error) {
      for (const index of covered) this.#unsynced.add(index);
      throw error;
    }
    this.#recorded = state;
    this.#recordedCount = pieces.count;
    return identity;
  }

  async #sync(state: ResumeState): Promise<void> {
    const { path, handle, sidecar, have } = this.#parts;
    if (state === 'writing' && this.#unsynced.size === 0) return;
    try {
      // The time of change matters only to a record of an orderly end.
      await attempt('sync', path, () => (state === 'writing' ? handle.syncData() : handle.sync()));
      await sidecar.syncData();
    } catch (error) {
      this.#syncFailures += 1;
      for (const index of this.#unsynced) have.clear(index);
      this.#unsynced.clear();
      throw error;
    }
  }

  /** A record must never name pieces of a file whose own name a crash can take away. */
  async #syncName(): Promise<void> {
    const folder = this.#unsyncedFolder;
    if (folder === undefined) return;
    await attempt('sync', folder, () => this.#parts.fs.syncFolder(folder));
    this.#unsyncedFolder = undefined;
  }

  async #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(task);
    this.#last = turn.catch(() => undefined);
    return await turn;
  }
}

function isState(recorded: RecordedState): recorded is ResumeState {
  return recorded !== 'none' && recorded !== 'doubtful';
}
