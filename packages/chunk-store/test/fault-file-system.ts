/**
 * A file system in memory that can fail at any step, and crash: it tells what is on disk for certain from what was only
 * written, and after a power cut keeps any part of the latter. It is harsher than real ones: names and contents are
 * lost independently, and a torn write may leave a hole.
 */
import { dirname } from 'node:path';
import type { FileHandle, FileInfo, FileSystem, OpenMode } from '../src/index.ts';

/** What was about to be done when a fault may strike. */
export interface Step {
  readonly number: number;
  readonly action: string;
  readonly path: string;
}

/** How a machine stops: the process alone, or the power. */
export type CrashKind = 'process' | 'power';

/** Thrown by every step from a crash on. */
export class Crash extends Error {}

/** An error as the operating system gives it. */
export function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface Write {
  readonly position: number;
  /** Undefined sets the size to `position`. */
  readonly bytes: Uint8Array | undefined;
}

interface Inode {
  readonly id: number;
  readonly kind: 'file' | 'link';
  content: Uint8Array;
  modifiedNs: bigint;
  durable: Uint8Array;
  durableNs: bigint;
  /** Writes since the last sync. */
  pending: Write[];
}

interface Folder {
  names: Map<string, Inode>;
  durable: Map<string, Inode>;
  /** The names as they were after each change since the last sync. */
  pending: Map<string, Inode>[];
}

export class FaultFileSystem implements FileSystem {
  /** Called before each step, which waits for it; what it throws is the step's failure. */
  beforeStep: (step: Step) => void | Promise<void> = () => {};
  /** Most bytes of one read or write. */
  maxTransfer: number = Number.POSITIVE_INFINITY;
  /** How many turns of the microtask queue a step waits, so that steps of different calls mix. */
  delay: () => number = () => 0;
  openHandles = 0;
  steps = 0;
  readonly #folders = new Map<string, Folder>();
  #nextId = 1;
  #clock = 1_000n;

  constructor(folders: readonly string[]) {
    for (const path of folders)
      this.#folders.set(path, { names: new Map(), durable: new Map(), pending: [] });
  }

  /** What a new boot finds. `random` gives integers below its argument. */
  afterCrash(kind: CrashKind, random: (below: number) => number): FaultFileSystem {
    const next = new FaultFileSystem([...this.#folders.keys()]);
    next.#nextId = this.#nextId;
    next.#clock = this.#clock + 1_000n;
    const survivors = new Map<Inode, Inode>();
    const survive = (inode: Inode): Inode => {
      const survivor =
        survivors.get(inode) ??
        (kind === 'power'
          ? torn(inode, random)
          : { ...inode, content: inode.content.slice(), pending: [...inode.pending] });
      survivors.set(inode, survivor);
      return survivor;
    };
    const surviveAll = (names: Map<string, Inode>): Map<string, Inode> =>
      new Map([...names].map(([name, inode]) => [name, survive(inode)]));
    for (const [path, { names, durable, pending }] of this.#folders) {
      const states = [durable, ...pending];
      const kept = surviveAll(kind === 'power' ? (states[random(states.length)] ?? durable) : names);
      const folder = { names: kept, durable: surviveAll(durable), pending: pending.map(surviveAll) };
      next.#folders.set(
        path,
        kind === 'power' ? { names: kept, durable: new Map(kept), pending: [] } : folder,
      );
    }
    return next;
  }

  async open(path: string, mode: OpenMode): Promise<FileHandle> {
    await this.#step(`open ${mode}`, path);
    const names = this.#folder(path).names;
    const existing = names.get(path);
    if (mode === 'create' && existing !== undefined) throw errno('EEXIST');
    if (mode !== 'create' && existing === undefined) throw errno('ENOENT');
    if (existing?.kind === 'link') throw errno('ELOOP');
    const inode = existing ?? this.#newFile();
    if (existing === undefined) this.#rename(path, (changed) => changed.set(path, inode));
    this.openHandles += 1;
    return this.#handle(inode, path);
  }

  async info(path: string): Promise<FileInfo | undefined> {
    await this.#step('info', path);
    const inode = this.#folder(path).names.get(path);
    return inode === undefined ? undefined : infoOf(inode);
  }

  async realFolder(path: string): Promise<string> {
    await this.#step('realFolder', path);
    if (!this.#folders.has(path)) throw errno('ENOENT');
    return path;
  }

  async link(existing: string, path: string): Promise<void> {
    await this.#step('link', path);
    const inode = this.#existing(existing);
    if (this.#folder(path).names.has(path)) throw errno('EEXIST');
    this.#rename(path, (names) => names.set(path, inode));
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename', to);
    const inode = this.#existing(from);
    this.#rename(to, (names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async unlink(path: string): Promise<void> {
    await this.#step('unlink', path);
    this.#existing(path);
    this.#rename(path, (names) => names.delete(path));
  }

  async syncFolder(path: string): Promise<void> {
    await this.#step('syncFolder', path);
    const folder = this.#folder(`${path}/x`);
    folder.durable = new Map(folder.names);
    folder.pending = [];
  }

  /** Everything by its path, for a test to look at. */
  contents(): ReadonlyMap<string, Uint8Array> {
    const files = [...this.#folders.values()].flatMap(({ names }) => [...names]);
    return new Map(files.map(([path, inode]) => [path, inode.content]));
  }

  /** Puts a file there behind everybody's back, as durable; undefined deletes it. */
  plant(path: string, content: Uint8Array | undefined, kind: 'file' | 'link' = 'file'): void {
    const folder = this.#folder(path);
    if (content === undefined) folder.names.delete(path);
    else folder.names.set(path, settled({ ...this.#newFile(), kind }, content, this.#tick()));
    folder.durable = new Map(folder.names);
  }

  /** Changes a file behind everybody's back. */
  tamper(path: string, position: number, bytes: Uint8Array): void {
    const inode = this.#existing(path);
    apply(inode, { position, bytes });
    inode.modifiedNs = this.#tick();
  }

  async #step(action: string, path: string): Promise<void> {
    for (let turns = this.delay(); turns > 0; turns -= 1) await undefined;
    this.steps += 1;
    await this.beforeStep({ number: this.steps, action, path });
  }

  #handle(inode: Inode, path: string): FileHandle {
    let isOpen = true;
    const step = async (action: string): Promise<void> => {
      await this.#step(action, path);
      if (!isOpen) throw errno('EBADF');
    };
    const change = (write: Write): void => {
      apply(inode, write);
      inode.pending.push(write);
      inode.modifiedNs = this.#tick();
    };
    return {
      read: async (target, position) => {
        await step('read');
        const end = position + Math.min(target.length, this.maxTransfer);
        const bytes = inode.content.subarray(position, end);
        target.set(bytes);
        return bytes.length;
      },
      write: async (bytes, position) => {
        await step('write');
        const written = bytes.slice(0, Math.min(bytes.length, this.maxTransfer));
        change({ position, bytes: written });
        return written.length;
      },
      truncate: async (size) => {
        await step('truncate');
        change({ position: size, bytes: undefined });
      },
      syncData: async () => {
        await step('syncData');
        inode.durable = inode.content.slice();
        inode.pending = [];
      },
      sync: async () => {
        await step('sync');
        inode.durable = inode.content.slice();
        inode.durableNs = inode.modifiedNs;
        inode.pending = [];
      },
      info: async () => {
        await step('info of handle');
        return infoOf(inode);
      },
      close: async () => {
        if (isOpen) this.openHandles -= 1;
        isOpen = false;
      },
    };
  }

  #rename(path: string, change: (names: Map<string, Inode>) => void): void {
    const folder = this.#folder(path);
    change(folder.names);
    folder.pending.push(new Map(folder.names));
  }

  #existing(path: string): Inode {
    const inode = this.#folder(path).names.get(path);
    if (inode === undefined) throw errno('ENOENT');
    return inode;
  }

  #folder(path: string): Folder {
    const folder = this.#folders.get(dirname(path));
    if (folder === undefined) throw errno('ENOENT');
    return folder;
  }

  #newFile(): Inode {
    const empty = new Uint8Array(0);
    const modifiedNs = this.#tick();
    const id = this.#nextId;
    this.#nextId += 1;
    return {
      id,
      kind: 'file',
      content: empty,
      modifiedNs,
      durable: empty,
      durableNs: modifiedNs,
      pending: [],
    };
  }

  #tick(): bigint {
    this.#clock += 1n;
    return this.#clock;
  }
}

function infoOf({ kind, content, modifiedNs, id }: Inode): FileInfo {
  return { kind, size: content.length, modifiedNs, id: String(id) };
}

function apply(inode: Inode, { position, bytes }: Write): void {
  const end = bytes === undefined ? position : Math.max(inode.content.length, position + bytes.length);
  const isSameSize = end === inode.content.length;
  const content = isSameSize ? inode.content : new Uint8Array(end);
  if (!isSameSize) content.set(inode.content.subarray(0, end));
  if (bytes !== undefined) content.set(bytes, position);
  inode.content = content;
}

function settled(inode: Inode, content: Uint8Array, modifiedNs: bigint): Inode {
  return {
    ...inode,
    content: content.slice(),
    modifiedNs,
    durable: content.slice(),
    durableNs: modifiedNs,
    pending: [],
  };
}

/** What is durable, and any of the writes since: each whole, in part, or not at all. */
function torn(inode: Inode, random: (below: number) => number): Inode {
  const survivor = settled(inode, inode.durable, random(2) === 0 ? inode.durableNs : inode.modifiedNs);
  for (const { position, bytes } of inode.pending) {
    const fate = random(3);
    if (fate === 1) apply(survivor, { position, bytes });
    if (fate === 2 && bytes !== undefined)
      apply(survivor, { position, bytes: bytes.slice(0, random(bytes.length + 1)) });
  }
  survivor.durable = survivor.content.slice();
  return survivor;
}
