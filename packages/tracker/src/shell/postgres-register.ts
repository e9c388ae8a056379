/**
 * A config register in one row of PostgreSQL.
 *
 * The row is made once, by `initPostgresRegister`, and never by itself: a register that lost what it held must not look
 * like a new one. A swap that is sent twice is done once, because it names the epoch that it replaces.
 */
import { decode, encode } from '@minitorrent/wire-codec';
import { describe, TrackerError } from '../errors.ts';
import {
  type Config,
  configCodec,
  noConfig,
  type ReadOutcome,
  type Register,
  type SwapOutcome,
} from '../register.ts';
import { type PostgresClient, PostgresLink } from './postgres-link.ts';
import { type PostgresOptions, type PostgresSettings, resolvePostgresOptions } from './postgres-options.ts';
import { prepareSchema } from './postgres-schema.ts';

/** A register with a connection of its own. */
export interface PostgresRegister extends Register, AsyncDisposable {
  /** Idempotent. */
  close(): Promise<void>;
}

/** Makes the register, once for a pair of trackers. Fails with `journal_failed` where there is one already. */
export async function initPostgresRegister(options: PostgresOptions): Promise<void> {
  const settings = resolvePostgresOptions(options);
  const { schema, limits } = settings;
  await using link = new PostgresLink(settings);
  const isNew = await link.run(
    async (client) => {
      await prepareSchema(client, schema);
      const { rowCount } = await client.query(
        `INSERT INTO ${schema}.register (epoch, value) VALUES ($1, $2) ON CONFLICT (single) DO NOTHING`,
        [noConfig.epoch, encode(configCodec, noConfig)],
      );
      return rowCount === 1;
    },
    { patienceMs: limits.openPatienceMs },
  );
  if (isNew) return;
  const message = `There is a register in schema ${schema} already; choose another schema for another pair of trackers`;
  throw new TrackerError('journal_failed', message);
}

/** Connects with the first question: a register that is away is an everyday outcome. */
export function openPostgresRegister(options: PostgresOptions): PostgresRegister {
  const settings = resolvePostgresOptions(options);
  const { registerMs } = settings.limits;
  return new RowRegister({ ...settings, limits: { ...settings.limits, statementMs: registerMs } });
}

class RowRegister implements PostgresRegister {
  readonly #settings: PostgresSettings;
  readonly #link: PostgresLink;

  constructor(settings: PostgresSettings) {
    this.#settings = settings;
    this.#link = new PostgresLink(settings);
  }

  read(): Promise<ReadOutcome> {
    return this.#ask((client) => readConfig(client, this.#settings.schema));
  }

  async compareAndSwap(expectedEpoch: number, config: Config): Promise<SwapOutcome> {
    if (config.epoch !== expectedEpoch + 1) {
      throw new RangeError(`Cannot swap in epoch ${config.epoch}: expected ${expectedEpoch + 1}`);
    }
    const { schema } = this.#settings;
    return this.#ask(async (client) => {
      const { rowCount } = await client.query(
        `UPDATE ${schema}.register SET epoch = $2, value = $3 WHERE epoch = $1`,
        [expectedEpoch, config.epoch, encode(configCodec, config)],
      );
      return rowCount === 1 ? { kind: 'ok' } : readConfig(client, schema);
    });
  }

  close(): Promise<void> {
    return this.#link.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Once, and within `registerMs`: whoever asks knows best whether to ask again. */
  async #ask<T>(
    task: (client: PostgresClient) => Promise<T>,
  ): Promise<T | { readonly kind: 'unknown'; readonly why: string }> {
    const { clock, limits } = this.#settings;
    const { promise, reject } = Promise.withResolvers<never>();
    const cancel = clock.schedule(limits.registerMs, () => {
      reject(new Error(`no answer for ${limits.registerMs} ms`));
    });
    try {
      return await Promise.race([this.#link.run(task, { patienceMs: 0 }), promise]);
    } catch (error) {
      return { kind: 'unknown', why: `Cannot ask the register in PostgreSQL: ${describe(error)}` };
    } finally {
      cancel();
    }
  }
}

async function readConfig(client: PostgresClient, schema: string): Promise<ReadOutcome> {
  const { rows } = await client.query<{ value: Uint8Array }>(`SELECT value FROM ${schema}.register`);
  const [row] = rows;
  if (row === undefined) return { kind: 'unknown', why: 'The register in PostgreSQL is empty; make it once' };
  return { kind: 'current', config: decode(configCodec, row.value) };
}
