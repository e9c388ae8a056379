/**
 * The files of a witness in memory, which can fail at any step and crash: it tells what is durable from what was only
 * written, and after a power cut keeps any part of the latter. It is harsher than a disk: names and contents are lost
 * independently, and what a failed sync should have kept is never durable, though it can be read.
 */
import type { NewFile, WitnessFiles } from '../../src/witness/witness-files.ts';

/** How a machine stops: the process alone, or the power. */
export type CrashKind = 'process' | 'power';

/** What was about to be done when a fault may strike. */
export interface Step {
  readonly number: number;
  readonly action: 'read' | 'create' | 'write' | 'sync' | 'close' | 'rename' | 'remove' | 'syncFolder';
}

/** Thrown by every step from a crash on. */
export class Crash extends Error {}

/** An error as the operating system gives it. */
export function errno(code: string): Error {
  return Object.assign(new Error(code), { code });
}

interface Inode {
  readonly content: Uint8Array;
  readonly durable: Uint8Array;
  /** A sync failed: the operating system takes the content for durable from then on, and it is not. */
  readonly isLost: boolean;
}

type Names = ReadonlyMap<string, Inode>;

export class FaultyFiles implements WitnessFiles {
  readonly place = '/witness';
  /** Called before each step, which waits for it; what it throws is the step's failure. */
  beforeStep: (step: Step) => void | Promise<void> = () => {};
  steps = 0;
  openHandles = 0;
  #names: Names = new Map();
  #durable: Names = new Map();
  /** The names as they were after each change since they were durable. */
  #pending: Names[] = [];
  /** A sync of the folder failed: names from before are taken for durable from then on, and are not. */
  #namesLost: Names | undefined;

  /** What a new start finds. `random` gives integers below its argument. */
  afterCrash(kind: CrashKind, random: (below: number) => number): FaultyFiles {
    const next = new FaultyFiles();
    if (kind === 'process') {
      next.#names = this.#names;
      next.#durable = this.#durable;
      next.#pending = [...this.#pending];
      next.#namesLost = this.#namesLost;
      return next;
    }
    const states = [this.#durable, ...this.#pending];
    const kept = states[random(states.length)] ?? this.#durable;
    next.#names = new Map([...kept].map(([name, inode]) => [name, torn(inode, random)]));
    next.#durable = next.#names;
    return next;
  }

  async read(name: string): Promise<Uint8Array | undefined> {
    await this.#step('read');
    return this.#names.get(name)?.content.slice();
  }

  async create(name: string): Promise<NewFile> {
    await this.#step('create');
    if (this.#names.has(name)) throw errno('EEXIST');
    this.#change(name, { content: new Uint8Array(), durable: new Uint8Array(), isLost: false });
    this.openHandles += 1;
    return {
      write: async (bytes) => {
        // A full disk takes what it has room for.
        const half = bytes.slice(0, bytes.length / 2);
        this.#update(name, (inode) => ({ ...inode, content: half }));
        await this.#step('write');
        this.#update(name, (inode) => ({ ...inode, content: bytes.slice() }));
      },
      sync: async () => {
        try {
          await this.#step('sync');
        } catch (error) {
          this.#update(name, (inode) => ({ ...inode, isLost: true }));
          throw error;
        }
        this.#update(name, (inode) => (inode.isLost ? inode : { ...inode, durable: inode.content }));
      },
      close: async () => {
        this.openHandles -= 1;
        await this.#step('close');
      },
    };
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step('rename');
    const inode = this.#names.get(from);
    if (inode === undefined) throw errno('ENOENT');
    this.#names = new Map([...this.#names].filter(([name]) => name !== from)).set(to, inode);
    this.#pending.push(this.#names);
  }

  async remove(name: string): Promise<void> {
    await this.#step('remove');
    if (this.#names.has(name)) this.#change(name, undefined);
  }

  async syncFolder(): Promise<void> {
    try {
      await this.#step('syncFolder');
    } catch (error) {
      this.#namesLost = this.#names;
      throw error;
    }
    if (this.#names === this.#namesLost) return;
    this.#durable = this.#names;
    this.#pending = [];
    this.#namesLost = undefined;
  }

  /** What is in the file now; undefined where there is none. */
  content(name: string): Uint8Array | undefined {
    return this.#names.get(name)?.content;
  }

  /** Puts a file there behind everybody's back, as durable. */
  plant(name: string, content: Uint8Array): void {
    this.#names = new Map(this.#names).set(name, { content, durable: content, isLost: false });
    this.#durable = this.#names;
    this.#pending = [];
  }

  async #step(action: Step['action']): Promise<void> {
    this.steps += 1;
    await this.beforeStep({ number: this.steps, action });
  }

  #change(name: string, inode: Inode | undefined): void {
    const names = new Map(this.#names);
    if (inode === undefined) names.delete(name);
    else names.set(name, inode);
    this.#names = names;
    this.#pending.push(names);
  }

  /** Changes what a name stands for in every state that has the same file under it. */
  #update(name: string, change: (inode: Inode) => Inode): void {
    const before = this.#names.get(name);
    if (before === undefined) throw errno('EBADF');
    const after = change(before);
    const replace = (names: Names): Names =>
      new Map([...names].map(([key, inode]) => [key, inode === before ? after : inode]));
    const isLost = this.#namesLost === this.#names;
    this.#names = replace(this.#names);
    this.#pending = [...this.#pending.slice(0, -1).map(replace), this.#names];
    if (isLost) this.#namesLost = this.#names;
  }
}

/** What is durable, and any part of what was written since. */
function torn(inode: Inode, random: (below: number) => number): Inode {
  const { content, durable } = inode;
  if (content === durable) return inode;
  const kept = [durable, content, content.slice(0, random(content.length + 1))][random(3)] ?? durable;
  return { content: kept, durable: kept, isLost: false };
}

/** Reproducible from its seed. */
export function seededDice(seed: number): (below: number) => number {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 4_294_967_296) * below);
  };
}
