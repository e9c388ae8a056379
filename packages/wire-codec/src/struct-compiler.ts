/**
 * Methods of a struct as straight-line code, made by `new Function` as protobufjs and msgpackr do: the engine then knows
 * each field's codec and the shape of the object, which doubles the speed.
 *
 * The source holds field names, which were checked to be plain identifiers, a variant's name as a JSON string, and
 * nothing from outside. Where generated code is forbidden (a content security policy), `interpretStruct` does the work.
 */
import { enclosed } from './errors.ts';
import { checkObject, isOmissible, type StructLayout, type StructMethods } from './struct-layout.ts';

/** The same methods as `interpretStruct` makes; undefined where the platform forbids generated code. */
export function compileStruct(layout: StructLayout): StructMethods | undefined {
  try {
    const make = new Function('names', 'codecs', 'checkObject', 'enclosed', source(layout));
    return make(layout.names, layout.codecs, checkObject, enclosed);
  } catch {
    // An EvalError of the content security policy: the source itself is always valid.
    return undefined;
  }
}

function source(layout: StructLayout): string {
  const { names, tag } = layout;
  const properties = names.map((name, index) => `${name}: v${index}`);
  if (tag !== undefined) properties.unshift(`${tag.discriminant}: ${JSON.stringify(tag.name)}`);
  return `
    ${each(names, (_, index) => `const c${index} = codecs[${index}];`)}
    return {
      write(writer, value) {
        checkObject(value);
        let at = 0;
        try {
          ${each(names, (name, index) => `at = ${index}; c${index}.write(writer, value.${name});`)}
        } catch (error) {
          throw enclosed(error, names[at]);
        }
      },
      read(reader) {
        let at = 0;
        try {
          ${each(names, (_, index) => `at = ${index}; const v${index} = ${readField(layout, index)};`)}
          return { ${properties.join(', ')} };
        } catch (error) {
          throw enclosed(error, names[at]);
        }
      },
    };`;
}

function each(names: readonly string[], statement: (name: string, index: number) => string): string {
  return names.map(statement).join('\n');
}

function readField(layout: StructLayout, index: number): string {
  const read = `c${index}.read(reader)`;
  return isOmissible(layout, index) ? `reader.remaining === 0 ? undefined : ${read}` : read;
}
