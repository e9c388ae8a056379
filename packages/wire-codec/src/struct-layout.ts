/** What a struct's methods are made from, and the plain way to make them: a loop over the fields. */
import type { Codec } from './codec.ts';
import { CodecError, enclosed } from './errors.ts';
import type { Reader } from './reader.ts';
import type { Writer } from './writer.ts';

/** The fields of any struct's value. */
export type Values = Record<string, unknown>;

/** A struct's fields in the order of the wire, `names` and `codecs` side by side. */
export interface StructLayout {
  readonly names: readonly string[];
  readonly codecs: readonly Codec<unknown>[];
  /** Whether the fields stand behind their length, and optional ones may be missing at the end. */
  readonly extensible: boolean;
  /** A property that values open with and that is not written. */
  readonly tag?: { readonly discriminant: string; readonly name: string };
}

export interface StructMethods {
  write(writer: Writer, value: Values): void;
  read(reader: Reader): Values;
}

/** Methods that go through the fields in a loop; `compileStruct` makes faster ones where the platform allows it. */
export function interpretStruct(layout: StructLayout): StructMethods {
  const fields = fieldMethods(layout);
  return layout.extensible ? behindLength(fields) : fields;
}

function behindLength(fields: StructMethods): StructMethods {
  return {
    write(writer, value) {
      checkObject(value);
      const place = writer.openLength();
      fields.write(writer, value);
      writer.closeLength(place);
    },
    read(reader) {
      const outerEnd = reader.narrow(reader.u32());
      const value = fields.read(reader);
      reader.widen(outerEnd);
      return value;
    },
  };
}

function fieldMethods(layout: StructLayout): StructMethods {
  const { names, codecs, tag } = layout;
  return {
    write(writer, value) {
      checkObject(value);
      let index = 0;
      try {
        for (; index < codecs.length; index++) codecAt(index).write(writer, value[nameAt(index)]);
      } catch (error) {
        throw enclosed(error, nameAt(index));
      }
    },
    read(reader) {
      const value: Values = tag === undefined ? {} : { [tag.discriminant]: tag.name };
      let index = 0;
      try {
        for (; index < codecs.length; index++) {
          const isMissing = isOmissible(layout, index) && reader.remaining === 0;
          value[nameAt(index)] = isMissing ? undefined : codecAt(index).read(reader);
        }
      } catch (error) {
        throw enclosed(error, nameAt(index));
      }
      return value;
    },
  };

  // Both are there: the index is below the number of fields.
  function codecAt(index: number): Codec<unknown> {
    return codecs[index] as Codec<unknown>;
  }
  function nameAt(index: number): string {
    return names[index] as string;
  }
}

/** Whether the field may be missing at the end of an extensible struct. */
export function isOmissible({ codecs, extensible }: StructLayout, index: number): boolean {
  return extensible && codecs[index]?.schema.kind === 'optional';
}

export function checkObject(value: unknown): void {
  if (typeof value === 'object' && value !== null) return;
  throw new CodecError(
    'wrong_type',
    'write',
    `it is ${value === null ? 'null' : `of type ${typeof value}`}, expected an object`,
  );
}
