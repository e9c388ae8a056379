/**
 * The register of a witness: one config in one file, changed by compare-and-swap, and durable before anybody hears of it.
 *
 * What affects an answer:
 * - swaps are one at a time, and a read sees the old config until the new one is durable: what was answered once is never
 *   taken back by a crash;
 * - what is read when the register is opened is written anew before it is served: the process before may have died
 *   between giving it its name and making that durable, and then a power cut could still bring the older one back;
 * - a write that fails leaves two candidates, the config from before and the new one. Nothing is answered until the file
 *   was read again and holds one of them, and the new one is written anew then: after a failed sync the operating system
 *   may show bytes that are not on the disk;
 * - whoever puts an older copy of the file back makes the register forget. It cannot notice that by itself: trackers do,
 *   each by the epochs that it knows (`replication/election.ts`), and then nobody takes over. So never start a witness
 *   from a backup, and never two of them from copies of one folder.
 */
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import { type Config, RegisterCell, type SwapOutcome } from '../register.ts';
import { encodeRegister } from './register-file.ts';
import { readRegister, readRegisterFile, writeRegister } from './register-steps.ts';
import type { WitnessFiles } from './witness-files.ts';

/** What a swap leads to, where that is known; otherwise it fails with `register_failed`. */
export type SwapResult = Exclude<SwapOutcome, { readonly kind: 'unknown' }>;

export class DurableRegister {
  readonly clusterId: Uint8Array;
  readonly #files: WitnessFiles;
  /** Durable, and all that anybody is told. */
  #cell: RegisterCell;
  /** A config whose write failed: the file may hold it. */
  #doubtful: Config | undefined;
  #isClosed = false;
  /** Resolves when nothing is under way. */
  #lastTask: Promise<unknown> = Promise.resolve();

  private constructor(files: WitnessFiles, clusterId: Uint8Array, config: Config) {
    this.#files = files;
    this.clusterId = clusterId;
    this.#cell = new RegisterCell(config);
  }

  /** Fails with `no_register`, `register_corrupt`, `register_too_new`, and with `register_failed` where it cannot be written. */
  static async open(files: WitnessFiles): Promise<DurableRegister> {
    const { clusterId, config } = await readRegister(files);
    const register = new DurableRegister(files, clusterId, config);
    await register.#write(config);
    return register;
  }

  /** What was durable last. */
  get config(): Config {
    return this.#cell.config;
  }

  /** Fails with `register_failed` while it is not known what the file holds, and with `closed`. */
  async read(): Promise<Config> {
    if (this.#doubtful !== undefined || this.#isClosed) await this.#inOrder(() => this.#resolveDoubt());
    return this.config;
  }

  /**
   * Fails with `register_failed` where it may be done or not, and with `closed`. Throws a RangeError for a config that
   * does not follow the expected one.
   */
  compareAndSwap(expectedEpoch: number, config: Config): Promise<SwapResult> {
    return this.#inOrder(async () => {
      await this.#resolveDoubt();
      const next = new RegisterCell(this.config);
      const { kind } = next.compareAndSwap(expectedEpoch, config);
      if (kind !== 'ok') return { kind: 'current', config: this.config };
      await this.#write(config);
      this.#cell = next;
      return { kind };
    });
  }

  /** Lets the swaps under way come to their end, and refuses others. Idempotent. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#lastTask;
  }

  #inOrder<T>(task: () => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(new TrackerError('closed', 'This witness is closing'));
    const outcome = this.#lastTask.then(task);
    this.#lastTask = outcome.catch(() => undefined);
    return outcome;
  }

  async #resolveDoubt(): Promise<void> {
    const doubtful = this.#doubtful;
    if (doubtful === undefined) return;
    const found = await readRegisterFile(this.#files);
    if (this.#isSame(found, doubtful)) {
      await this.#write(doubtful);
      this.#cell = new RegisterCell(doubtful);
    } else if (!this.#isSame(found, this.config)) {
      const message = `Cannot trust the register in ${this.#files.place}: it holds something that this witness did not write; stop the witness and look`;
      throw new TrackerError('register_failed', message);
    }
    this.#doubtful = undefined;
  }

  async #write(config: Config): Promise<void> {
    try {
      await writeRegister(this.#files, { clusterId: this.clusterId, config });
    } catch (error) {
      this.#doubtful = config;
      throw error;
    }
  }

  #isSame(found: Uint8Array | undefined, config: Config): boolean {
    if (found === undefined) return false;
    return sameBytes(found, encodeRegister({ clusterId: this.clusterId, config }));
  }
}
