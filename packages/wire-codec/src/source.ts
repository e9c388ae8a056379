/**
 * The source of generated methods, and what stands in it for each codec.
 *
 * A codec that holds others gets functions of its own in every place where it is used: its shared methods meet codecs and
 * values of all kinds, so that the engine can neither foresee what they call nor put it in line. These do the same in the
 * same order as the shared ones, with which the tests compare them.
 */
import type { Codec } from './codec.ts';
import { countItems } from './collections.ts';
import { enclosed, refusal, unfit, unknownName, unknownNumber } from './errors.ts';
import { type Parts, partsOf } from './parts.ts';
import { checkObject } from './struct-layout.ts';

/** How generated code uses a codec. */
export interface Calls {
  /** The expression that reads a value off `reader`. */
  readonly read: string;
  /** The statement that writes the value of the variable `value` to `writer`. */
  write(value: string): string;
}

/** What the two functions of a codec do, the one with `reader`, the other with `writer` and `value`. */
interface Bodies {
  readonly read: string;
  readonly write: string;
}

type PartsOf<Kind extends Parts['kind']> = Extract<Parts, { readonly kind: Kind }>;

/** What all generated code may call. */
const helpers = { checkObject, countItems, enclosed, refusal, unfit, unknownName, unknownNumber };

/** One piece of generated code. It holds no text from outside: names of variables, numbers, and names as JSON strings. */
export class Source {
  readonly #constants: unknown[] = [];
  readonly #functions: string[] = [];

  /** The variable that holds `value`. */
  constant(value: unknown): string {
    return `k${this.#constants.push(value) - 1}`;
  }

  callsOf(codec: Codec<unknown>): Calls {
    const parts = partsOf(codec);
    if (parts === undefined) return methodCalls(this.constant(codec));
    if (parts.kind === 'struct') return methodCalls(this.constant(parts.methods()));
    const { read, write } = this.#bodiesOf(parts);
    const id = this.#functions.length;
    this.#functions.push(
      `const read${id} = (reader) => { ${read} };`,
      `const write${id} = (writer, value) => { ${write} };`,
    );
    return { read: `read${id}(reader)`, write: (value) => `write${id}(writer, ${value});` };
  }

  /** The value of the expression `result`, which may use all of the above; fails where generated code is forbidden. */
  run(result: string): unknown {
    const constants = this.#constants.map((_, index) => `k${index}`);
    const lines = [
      `const { ${Object.keys(helpers).join(', ')} } = helpers;`,
      `const [${constants.join(', ')}] = constants;`,
      ...this.#functions,
      `return ${result};`,
    ];
    return new Function('helpers', 'constants', lines.join('\n'))(helpers, this.#constants);
  }

  #bodiesOf(parts: Exclude<Parts, PartsOf<'struct'>>): Bodies {
    switch (parts.kind) {
      case 'enumeration':
        return enumerationBodies(parts);
      case 'optional':
        return optionalBodies(this.callsOf(parts.of));
      case 'list':
        return listBodies(this.callsOf(parts.of), parts);
      case 'refined':
        return this.#refinedBodies(this.callsOf(parts.of), parts);
      case 'mapped':
        return this.#mappedBodies(this.callsOf(parts.of), parts);
    }
  }

  #refinedBodies({ read, write }: Calls, parts: PartsOf<'refined'>): Bodies {
    const [check, name] = [this.constant(parts.check), JSON.stringify(parts.name)];
    const checked = (action: string): string => `
      let isFit;
      try {
        isFit = ${check}(value);
      } catch (cause) {
        throw unfit('${action}', ${name}, cause);
      }
      if (!isFit) throw refusal('${action}', ${name});`;
    return {
      read: `const value = ${read}; ${checked('read')} return value;`,
      write: `${checked('write')} ${write('value')}`,
    };
  }

  #mappedBodies({ read, write }: Calls, parts: PartsOf<'mapped'>): Bodies {
    const [fromWire, toWire] = [this.constant(parts.fromWire), this.constant(parts.toWire)];
    const name = JSON.stringify(parts.name);
    return {
      read: `
        const wire = ${read};
        try {
          return ${fromWire}(wire);
        } catch (cause) {
          throw unfit('read', ${name}, cause);
        }`,
      write: `
        let wire;
        try {
          wire = ${toWire}(value);
        } catch (cause) {
          throw unfit('write', ${name}, cause);
        }
        ${write('wire')}`,
    };
  }
}

/** Calls of the methods of an object that never changes. */
function methodCalls(object: string): Calls {
  return { read: `${object}.read(reader)`, write: (value) => `${object}.write(writer, ${value});` };
}

function optionalBodies({ read, write }: Calls): Bodies {
  return {
    read: `return reader.flag() ? ${read} : undefined;`,
    write: `
      writer.flag(value !== undefined);
      if (value !== undefined) { ${write('value')} }`,
  };
}

function listBodies({ read, write }: Calls, { maxItems, minItemBytes }: PartsOf<'list'>): Bodies {
  return {
    read: `
      const count = reader.count(${maxItems}, ${minItemBytes});
      const items = [];
      try {
        while (items.length < count) items.push(${read});
      } catch (error) {
        throw enclosed(error, String(items.length));
      }
      return items;`,
    write: `
      writer.varint(countItems(value, ${maxItems}));
      let index = 0;
      try {
        for (; index < value.length; index++) {
          const item = value[index];
          ${write('item')}
        }
      } catch (error) {
        throw enclosed(error, String(index));
      }`,
  };
}

function enumerationBodies({ numbers }: PartsOf<'enumeration'>): Bodies {
  const names = [...numbers].map(([name, number]) => ({ name: JSON.stringify(name), number }));
  return {
    read: `
      const number = reader.u8();
      switch (number) {
        ${names.map(({ name, number }) => `case ${number}: return ${name};`).join('\n')}
      }
      throw unknownNumber(number);`,
    write: `
      switch (value) {
        ${names.map(({ name, number }) => `case ${name}: return writer.u8(${number});`).join('\n')}
      }
      throw unknownName(value);`,
  };
}
