/**
 * Codecs that hold values of other codecs: optional, list, map. A count from outside is compared with the codec's limit
 * and with the bytes that are left before anything is made of it.
 */
import type { Codec } from './codec.ts';
import { CodecError, enclosed } from './errors.ts';
import { checkLimit } from './limits.ts';
import { withParts } from './parts.ts';
import { minWireBytes } from './schema.ts';

/** What a map's keys can be: values that are equal when they look equal. */
export type MapKey = string | number | bigint | boolean;

/** A byte 0 for undefined, or a byte 1 and the value. A struct's optional field may be left out of the object. */
export function optional<T>(codec: Codec<T>): Codec<T | undefined> {
  if (codec.schema.kind === 'optional')
    throw new TypeError('Cannot nest optional in optional: undefined would be ambiguous');
  const optionalCodec: Codec<T | undefined> = {
    schema: { kind: 'optional', of: codec.schema },
    write(writer, value) {
      writer.flag(value !== undefined);
      if (value !== undefined) codec.write(writer, value);
    },
    read: (reader) => (reader.flag() ? codec.read(reader) : undefined),
  };
  return withParts(optionalCodec, { kind: 'optional', of: codec });
}

/** At most `maxItems` values behind their count as a varint. The items must take at least one byte each. */
export function list<T>(item: Codec<T>, options: { readonly maxItems: number }): Codec<readonly T[]> {
  const maxItems = checkLimit('maxItems', options.maxItems);
  const minItemBytes = checkItemBytes('list', minWireBytes(item.schema));
  const codec: Codec<readonly T[]> = {
    schema: { kind: 'list', of: item.schema, maxItems },
    write(writer, value) {
      writer.varint(countItems(value, maxItems));
      let index = 0;
      try {
        // The item is there: the index is below the length.
        for (; index < value.length; index++) item.write(writer, value[index] as T);
      } catch (error) {
        throw enclosed(error, String(index));
      }
    },
    read(reader) {
      const count = reader.count(maxItems, minItemBytes);
      const items: T[] = [];
      try {
        while (items.length < count) items.push(item.read(reader));
      } catch (error) {
        throw enclosed(error, String(items.length));
      }
      return items;
    },
  };
  return withParts(codec, { kind: 'list', of: item, maxItems, minItemBytes });
}

/** At most `maxItems` entries behind their count as a varint, in the map's order; the same key twice is refused. */
export function map<K extends MapKey, V>(
  key: Codec<K>,
  value: Codec<V>,
  options: { readonly maxItems: number },
): Codec<ReadonlyMap<K, V>> {
  const maxItems = checkLimit('maxItems', options.maxItems);
  const minItemBytes = checkItemBytes('map', minWireBytes(key.schema) + minWireBytes(value.schema));
  return {
    schema: { kind: 'map', key: key.schema, value: value.schema, maxItems },
    write(writer, entries) {
      if (!(entries instanceof Map)) throw new CodecError('wrong_type', 'write', 'it is not a Map');
      checkCount(entries.size, maxItems);
      writer.varint(entries.size);
      let index = 0;
      try {
        for (const entry of entries) {
          key.write(writer, entry[0]);
          value.write(writer, entry[1]);
          index++;
        }
      } catch (error) {
        throw enclosed(error, String(index));
      }
    },
    read(reader) {
      const count = reader.count(maxItems, minItemBytes);
      const entries = new Map<K, V>();
      try {
        while (entries.size < count) readEntry(reader, entries, key, value);
      } catch (error) {
        throw enclosed(error, String(entries.size));
      }
      return entries;
    },
  };
}

function readEntry<K, V>(
  reader: Parameters<Codec<K>['read']>[0],
  entries: Map<K, V>,
  key: Codec<K>,
  value: Codec<V>,
): void {
  const entryKey = key.read(reader);
  if (entries.has(entryKey)) {
    // Without the key itself: an error's text may reach a terminal, and the key comes from outside.
    throw new CodecError('duplicate_key', 'read', 'its key came before');
  }
  entries.set(entryKey, value.read(reader));
}

/** The length of a list that is to be written. */
export function countItems(value: readonly unknown[], maxItems: number): number {
  if (!Array.isArray(value)) throw new CodecError('wrong_type', 'write', 'it is not an array');
  checkCount(value.length, maxItems);
  return value.length;
}

function checkCount(count: number, maxItems: number): void {
  if (count > maxItems) {
    throw new CodecError('too_many_items', 'write', `it has ${count} items, at most ${maxItems} are allowed`);
  }
}

function checkItemBytes(what: string, minItemBytes: number): number {
  if (minItemBytes > 0) return minItemBytes;
  // Otherwise five bytes from outside could ask for maxItems values.
  throw new TypeError(
    `Cannot make a ${what} of items that may take no bytes: their number would be unbounded`,
  );
}
