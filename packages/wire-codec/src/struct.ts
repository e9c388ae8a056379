/**
 * The codec of objects with named fields: the fields' values in their order, without names.
 *
 * A plain struct is closed: its layout never changes. An extensible one stands behind its length, so that readers skip
 * fields they do not know yet, and take fields that an older writer did not know as undefined where they are optional.
 */
import type { Codec, Infer } from './codec.ts';
import { CodecError, enclosed } from './errors.ts';
import type { Reader } from './reader.ts';
import type { StructSchema } from './schema.ts';
import type { Writer } from './writer.ts';

/** The codecs of a struct by field name, in the order of the wire. */
export type Fields = Readonly<Record<string, Codec<unknown>>>;

/** The value of a struct: fields that can be undefined may be left out. */
export type StructValue<F extends Fields> = Flat<
  { readonly [N in keyof F as undefined extends Infer<F[N]> ? never : N]: Infer<F[N]> } & {
    readonly [N in keyof F as undefined extends Infer<F[N]> ? N : never]?: Infer<F[N]>;
  }
>;

/** An intersection written out as one object type, for readable hints. */
export type Flat<T> = { [K in keyof T]: T[K] };

/** A codec of objects, which a union can use for one of its variants. */
export interface StructCodec<T> extends Codec<T> {
  readonly schema: StructSchema;
  /** Reads the fields into `target`, which is new and holds at most a union's discriminant. */
  readInto(reader: Reader, target: Record<string, unknown>): void;
}

/** A struct of `fields`; `extensible` puts it behind its length as a u32. Fields keep their place for ever; new ones go last. */
export function struct<const F extends Fields>(
  fields: F,
  options?: { readonly extensible?: boolean },
): StructCodec<StructValue<F>> {
  const plain = plainStruct(fields, options?.extensible ?? false);
  const codec = plain.schema.extensible ? extensibleStruct(plain) : plain;
  // The field codecs, which define StructValue, have read and accepted each value.
  return codec as StructCodec<StructValue<F>>;
}

type Values = Record<string, unknown>;

/** Names that an object can hold without meaning something to JavaScript. */
const FIELD_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;

interface PlainStruct extends StructCodec<Values> {
  readonly names: readonly string[];
  readonly codecs: readonly Codec<unknown>[];
}

function plainStruct(fields: Fields, extensible: boolean): PlainStruct {
  const names = Object.keys(fields);
  const codecs = Object.values(fields);
  for (const name of names) {
    if (!FIELD_NAME.test(name))
      throw new TypeError(`Cannot name a field ${JSON.stringify(name)}: expected ${FIELD_NAME}`);
  }
  function readInto(reader: Reader, target: Values): void {
    let index = 0;
    try {
      for (const codec of codecs) {
        target[names[index] as string] = codec.read(reader);
        index++;
      }
    } catch (error) {
      throw enclosed(error, names[index] as string);
    }
  }
  return {
    names,
    codecs,
    schema: {
      kind: 'struct',
      extensible,
      fields: names.map((name, index) => ({ name, schema: (codecs[index] as Codec<unknown>).schema })),
    },
    write(writer, value) {
      if (typeof value !== 'object' || value === null)
        throw new CodecError('wrong_type', 'write', 'it is not an object');
      let index = 0;
      try {
        for (const codec of codecs) {
          codec.write(writer, value[names[index] as string]);
          index++;
        }
      } catch (error) {
        throw enclosed(error, names[index] as string);
      }
    },
    readInto,
    read(reader) {
      const value: Values = {};
      readInto(reader, value);
      return value;
    },
  };
}

function extensibleStruct(plain: PlainStruct): StructCodec<Values> {
  const { names, codecs } = plain;
  function readInto(reader: Reader, target: Values): void {
    const outerEnd = reader.narrow(reader.u32());
    let index = 0;
    try {
      for (const codec of codecs) {
        const isMissing = codec.schema.kind === 'optional' && reader.remaining === 0;
        target[names[index] as string] = isMissing ? undefined : codec.read(reader);
        index++;
      }
    } catch (error) {
      throw enclosed(error, names[index] as string);
    }
    reader.widen(outerEnd);
  }
  return {
    schema: plain.schema,
    write(writer: Writer, value: Values): void {
      const place = writer.openLength();
      plain.write(writer, value);
      writer.closeLength(place);
    },
    readInto,
    read(reader) {
      const value: Values = {};
      readInto(reader, value);
      return value;
    },
  };
}
