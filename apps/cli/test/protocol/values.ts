/**
 * Values as `PROTOCOL.md` writes them: JSON with bytes in hexadecimal, u64 as a string, maps as lists of pairs.
 */
import type { Schema } from '@minitorrent/wire-codec';

/** The value of `schema` that `json` stands for. */
export function fromJson(schema: Schema, json: unknown): unknown {
  switch (schema.kind) {
    case 'u64':
      return BigInt(String(json));
    case 'bytes':
    case 'fixedBytes':
      return fromHex(String(json));
    case 'refined':
      return fromJson(schema.of, json);
    case 'mapped':
      return schema.fromWire(fromJson(schema.of, json));
    case 'optional':
      return json === null || json === undefined ? undefined : fromJson(schema.of, json);
    case 'list':
      return asList(json).map((item) => fromJson(schema.of, item));
    case 'map':
      return new Map(asList(json).map((pair) => entryOf(schema, pair)));
    case 'struct':
      return fieldsOf(schema, json);
    case 'union': {
      const { kind } = asRecord(json);
      const variant = schema.variants.find(({ name }) => name === kind);
      if (variant === undefined) throw new Error(`There is no variant ${String(kind)}`);
      return { kind, ...fieldsOf(variant.schema, json) };
    }
    default:
      return json;
  }
}

/** Bytes written as hexadecimal digits, spaces between them or not. */
export function fromHex(hex: string): Uint8Array {
  return new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
}

/** The hexadecimal digits of bytes, in one or several parts. */
export function toHex(...parts: readonly Uint8Array[]): string {
  return Buffer.concat(parts).toString('hex');
}

function fieldsOf(schema: Extract<Schema, { kind: 'struct' }>, json: unknown): Record<string, unknown> {
  const record = asRecord(json);
  const unknown = Object.keys(record).find(
    (name) => name !== 'kind' && !schema.fields.some((field) => field.name === name),
  );
  if (unknown !== undefined) throw new Error(`There is no field ${unknown}`);
  return Object.fromEntries(
    schema.fields.map((field) => [field.name, fromJson(field.schema, record[field.name])]),
  );
}

function entryOf(schema: Extract<Schema, { kind: 'map' }>, pair: unknown): readonly [unknown, unknown] {
  const [key, value] = asList(pair);
  return [fromJson(schema.key, key), fromJson(schema.value, value)];
}

function asList(json: unknown): readonly unknown[] {
  if (Array.isArray(json)) return json;
  throw new Error(`Expected a list, found ${JSON.stringify(json)}`);
}

function asRecord(json: unknown): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null) return json as Readonly<Record<string, unknown>>;
  throw new Error(`Expected an object, found ${JSON.stringify(json)}`);
}
