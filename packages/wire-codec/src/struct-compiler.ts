/**
 * Methods of a struct as straight-line code, made by `new Function` as protobufjs and msgpackr do: the engine then knows
 * each field's codec and the shape of the object, which more than doubles the speed.
 *
 * The source holds field names, which were checked to be plain identifiers, a variant's name as a JSON string, what
 * `source.ts` makes for each codec, and nothing from outside. Where generated code is forbidden (a content security policy), `interpretStruct` does the work.
 */
import { Source } from './source.ts';
import { isOmissible, type StructLayout, type StructMethods } from './struct-layout.ts';

/** The same methods as `interpretStruct` makes; undefined where the platform forbids generated code. */
export function compileStruct(layout: StructLayout): StructMethods | undefined {
  const source = new Source();
  const methods = structSource(layout, source);
  try {
    // The source answers an object with the two methods.
    return source.run(methods) as StructMethods;
  } catch {
    // An EvalError of the content security policy: the source itself is always valid.
    return undefined;
  }
}

function structSource(layout: StructLayout, source: Source): string {
  const { names, codecs, tag, extensible } = layout;
  const fields = codecs.map((codec) => source.callsOf(codec));
  const properties = names.map((name, index) => `${name}: v${index}`);
  if (tag !== undefined) properties.unshift(`${tag.discriminant}: ${JSON.stringify(tag.name)}`);
  const k = source.constant(names);
  const writes = fields.map(
    (field, index) => `at = ${index}; const v${index} = value.${names[index]}; ${field.write(`v${index}`)}`,
  );
  const reads = fields.map((field, index) => {
    const isMissing = isOmissible(layout, index) ? 'reader.remaining === 0 ? undefined : ' : '';
    return `at = ${index}; const v${index} = ${isMissing}${field.read};`;
  });
  return `{
    write(writer, value) {
      checkObject(value);
      ${extensible ? 'const place = writer.openLength();' : ''}
      let at = 0;
      try {
        ${writes.join('\n')}
      } catch (error) {
        throw enclosed(error, ${k}[at]);
      }
      ${extensible ? 'writer.closeLength(place);' : ''}
    },
    read(reader) {
      ${extensible ? 'const outerEnd = reader.narrow(reader.u32());' : ''}
      let at = 0;
      try {
        ${reads.join('\n')}
        ${extensible ? 'reader.widen(outerEnd);' : ''}
        return { ${properties.join(', ')} };
      } catch (error) {
        throw enclosed(error, ${k}[at]);
      }
    },
  }`;
}
