/**
 * All that the stores ask of a file system, small enough to be replaced by one that fills up, fails or crashes between
 * any two steps. Failures are the operating system's own errors, with their `code`; the stores translate them.
 */

/** What stands at a path. */
export interface FileInfo {
  readonly kind: 'file' | 'folder' | 'link' | 'other';
  /** Bytes. */
  readonly size: number;
  /** Time of the last change of the content, nanoseconds since the Unix epoch. */
  readonly modifiedNs: bigint;
  /** Equal for two names of one file. */
  readonly id: string;
}

/**
 * How a file is opened. `shared` reads a file that the user named, through links. The others never follow a link in the
 * last component: `read` and `update` open a file that exists, `create` makes one and fails where there is one.
 */
export type OpenMode = 'shared' | 'read' | 'update' | 'create';

/** An open file. Reads and writes may be short, as the operating system's are. */
export interface FileHandle {
  /** By which another thread of this process can read the file; undefined where only this handle can. */
  readonly descriptor?: number | undefined;
  /** Reads at `position` into `target`; the number of bytes read, 0 at the end of the file. */
  read(target: Uint8Array, position: number): Promise<number>;
  /** Writes at `position`; the number of bytes written. */
  write(bytes: Uint8Array, position: number): Promise<number>;
  /** Sets the size; new bytes are holes that read as zeros. */
  truncate(size: number): Promise<void>;
  /** Makes the content durable. */
  syncData(): Promise<void>;
  /** Makes the content and what is known of the file durable. */
  sync(): Promise<void>;
  info(): Promise<FileInfo>;
  /**
   * The same at once, for a file that was just read: then the system has it at hand, and asking costs a tenth of what a turn
   * on another thread does. Undefined where that cannot be.
   */
  infoNow?(): FileInfo;
  close(): Promise<void>;
}

/** Files by path. */
export interface FileSystem {
  open(path: string, mode: OpenMode): Promise<FileHandle>;
  /** What stands at the path itself, links not followed; undefined for nothing. */
  info(path: string): Promise<FileInfo | undefined>;
  /** The path of a folder with every link followed. */
  realFolder(path: string): Promise<string>;
  /** Gives the file at `existing` a second name, and fails with EEXIST where that name is taken. */
  link(existing: string, path: string): Promise<void>;
  /** Renames, replacing what had the new name. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Makes the names in a folder durable. */
  syncFolder(path: string): Promise<void>;
}
