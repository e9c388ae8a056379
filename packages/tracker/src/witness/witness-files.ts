/**
 * The files of a witness: the few steps by which a register is read and replaced.
 *
 * Small enough to be put in the place of a real folder by one that fills up, fails, or crashes between any two steps.
 */

/** A file that is being written. */
export interface NewFile {
  write(bytes: Uint8Array): Promise<void>;
  /** Makes the content durable. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

/** One folder; files by their names in it. Failures are the operating system's own errors. */
export interface WitnessFiles {
  /** The folder, for messages. */
  readonly place: string;
  /** What the file holds, or a little more than `WITNESS_LIMITS.fileBytes` of it; undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Makes a file that only its owner can read; fails where there is one of that name. */
  create(name: string): Promise<NewFile>;
  /** Whoever reads `to` from now on sees the file that was `from`. */
  rename(from: string, to: string): Promise<void>;
  /** Nothing happens where there is no such file. */
  remove(name: string): Promise<void>;
  /** Makes the names durable. */
  syncFolder(): Promise<void>;
}
