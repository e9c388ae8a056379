/**
 * The config register: one tiny value that says who is primary, and changes only by compare-and-swap.
 *
 * It is the third vote of a pair. Whoever keeps it (a witness process, a row in a database) must keep what it answered
 * `ok` to, must refuse to serve when it has lost that, and may be away as long as it likes: then nobody takes over.
 */
import type { Codec } from '@minitorrent/wire-codec';
import { fixedBytes, list, mapped, struct, varint } from '@minitorrent/wire-codec';
import { fromHex, toHex } from './hex.ts';
import { MESSAGE_LIMITS } from './message-limits.ts';

/** The id of a journal's store in hexadecimal; see `Journal.storeId`. */
export type StoreId = string;

/** Who decides writes, and who has to have them before they are acknowledged. */
export interface Config {
  /** Rises by one with each swap; 0 before the first. */
  readonly epoch: number;
  readonly primary: StoreId;
  /** The primary is one of them. */
  readonly inSync: readonly StoreId[];
}

const storeIdCodec: Codec<StoreId> = mapped(fixedBytes(16), {
  name: 'storeId',
  fromWire: toHex,
  toWire: fromHex,
});
export const configCodec: Codec<Config> = struct({
  epoch: varint,
  primary: storeIdCodec,
  inSync: list(storeIdCodec, { maxItems: MESSAGE_LIMITS.trackers }),
});

/** What a register holds that was made and never swapped. */
export const noConfig: Config = { epoch: 0, primary: '00'.repeat(16), inSync: [] };

export type ReadOutcome =
  | { readonly kind: 'current'; readonly config: Config }
  /** It did not answer, or refuses to serve. */
  | { readonly kind: 'unknown'; readonly why: string };

export type SwapOutcome =
  | { readonly kind: 'ok' }
  /** Nothing was changed: its epoch is not the expected one. */
  | { readonly kind: 'current'; readonly config: Config }
  /** It may be done, or not, or be done later still: a request can be under way long after its sender gave up. */
  | { readonly kind: 'unknown'; readonly why: string };

/** Never rejects: that a register is away is an everyday outcome. Gives up within `TIMINGS.registerMs`. */
export interface Register {
  read(): Promise<ReadOutcome>;
  /** Puts `config` in the place of the one whose epoch is `expectedEpoch`; `config.epoch` is one more. */
  compareAndSwap(expectedEpoch: number, config: Config): Promise<SwapOutcome>;
}

/** The value of a register and its one rule; what every implementation does with what it keeps. */
export class RegisterCell {
  #config: Config;

  constructor(config: Config = noConfig) {
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  /** Throws a RangeError for a config that does not follow the expected one. */
  compareAndSwap(expectedEpoch: number, config: Config): SwapOutcome {
    if (config.epoch !== expectedEpoch + 1) {
      throw new RangeError(`Cannot swap in epoch ${config.epoch}: expected ${expectedEpoch + 1}`);
    }
    if (this.#config.epoch !== expectedEpoch) return { kind: 'current', config: this.#config };
    this.#config = config;
    return { kind: 'ok' };
  }
}

/** A register in memory, for tests and simulations. */
export function createMemoryRegister(cell: RegisterCell = new RegisterCell()): Register {
  return {
    read: async () => ({ kind: 'current', config: cell.config }),
    compareAndSwap: async (expectedEpoch, config) => cell.compareAndSwap(expectedEpoch, config),
  };
}

/** Whether two configs are the same proposal. */
export function sameConfig(a: Config, b: Config): boolean {
  return a.epoch === b.epoch && a.primary === b.primary && sameMembers(a.inSync, b.inSync);
}

/** Whether two lists name the same stores, in any order. */
export function sameMembers(a: readonly StoreId[], b: readonly StoreId[]): boolean {
  return a.length === b.length && a.every((id) => b.includes(id));
}
