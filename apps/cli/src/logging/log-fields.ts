/**
 * Values of reports as fields of a log: addresses as people write them, bytes as digits, errors as code and message.
 */
import type { Address } from '@minitorrent/rpc-core';
import { formatAddress } from '../address.ts';
import { describeFailure, messageOf } from '../failure.ts';
import type { LogFields } from './log.ts';

/** An `error` becomes `code` and `message`, and `stack` where it has no code: nobody foresaw that one. */
export function logFields(values: Readonly<Record<string, unknown>>): LogFields {
  return Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value instanceof Error ? errorFields(value) : [[name, logValue(value)]],
    ),
  );
}

function errorFields(error: Error): [string, LogFields[string]][] {
  const { code } = describeFailure(error);
  const fields: [string, LogFields[string]][] = [
    ['code', code],
    ['message', messageOf(error)],
  ];
  return code === null ? [...fields, ['stack', error.stack ?? null]] : fields;
}

function logValue(value: unknown): LogFields[string] {
  if (value === undefined || value === null) return null;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
  if (isAddress(value)) return formatAddress(value);
  return JSON.stringify(value) ?? String(value);
}

function isAddress(value: object): value is Address {
  return 'host' in value && 'port' in value && Object.keys(value).length === 2;
}
