/** One tracker of a run: its process, and what it last said of itself. */
import { rm } from 'node:fs/promises';
import type { Config } from '../../src/register.ts';
import { noConfig } from '../../src/register.ts';
import { Child, type ChildOptions } from './child.ts';
import type { ChildLine } from './orders.ts';

export interface TrackerSeatOptions
  extends Pick<ChildOptions, 'name' | 'orders' | 'logFile' | 'bell' | 'onCrash'> {
  readonly dataDir: string;
  /** Told of everything that it says. */
  readonly onLine: (seat: TrackerSeat, line: ChildLine) => void;
}

export class TrackerSeat {
  readonly name: string;
  readonly child: Child;
  role = 'down';
  config: Config = noConfig;
  storeId = '';
  /** When it last became primary without having been it; `performance.now()`. */
  ledSinceMs = 0;
  readonly #dataDir: string;

  constructor({ dataDir, onLine, ...options }: TrackerSeatOptions) {
    this.name = options.name;
    this.#dataDir = dataDir;
    this.child = new Child({
      ...options,
      script: new URL('./tracker-child.ts', import.meta.url),
      onLine: (line) => {
        this.#take(line);
        onLine(this, line);
      },
    });
  }

  /** Nothing happens where it runs. */
  async start(): Promise<void> {
    if (!this.child.isRunning) this.role = 'down';
    await this.child.start();
  }

  /** The disk is lost; only while it does not run. */
  async wipe(): Promise<void> {
    if (this.child.isRunning) throw new TypeError(`Cannot wipe the disk of ${this.name}: it runs`);
    await rm(this.#dataDir, { recursive: true, force: true });
  }

  #take(line: ChildLine): void {
    if (line.kind === 'started') this.storeId = line.storeId;
    if (line.kind === 'role') {
      if (line.role === 'primary' && this.role !== 'primary') this.ledSinceMs = performance.now();
      this.role = line.role;
      this.config = line.config;
    }
  }
}
