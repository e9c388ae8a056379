/**
 * The layouts of `PROTOCOL.md` as codecs: reads the notation that its section on values defines, and nothing else.
 *
 * A codec made here knows the document alone, so comparing its schema with the code's shows where the two differ.
 */
import { fileNameCodec, identifierCodec } from '@minitorrent/chunk-store';
import {
  boolean,
  bytes,
  type Codec,
  enumeration,
  fixedBytes,
  list,
  type MapKey,
  map,
  optional,
  refine,
  type Schema,
  struct,
  text,
  u8,
  u16,
  u32,
  u64,
  union,
  varint,
} from '@minitorrent/wire-codec';

/** Codecs by the name of their layout, such as `FileDescriptor` or `login.request`. */
export type Layouts = ReadonlyMap<string, Codec<unknown>>;

const errorCode = refine(text({ maxBytes: 32 }), {
  name: 'error_code',
  check: (code) => /^[a-z_]{1,32}$/.test(code),
});

const NAMED: readonly (readonly [string, Codec<unknown>])[] = [
  ...Object.entries({ u8, u16, u32, u64, varint, boolean }),
  ['identifier', identifierCodec],
  ['file_name', fileNameCodec],
  ['error_code', errorCode],
];

/** Reads definitions; each may use those before it. */
export function readLayouts(source: string): Layouts {
  const parser = new Parser(source, new Map(NAMED));
  while (!parser.isAtEnd) parser.definition();
  return parser.layouts;
}

/** Reads one type. */
export function readType(source: string, layouts: Layouts): Codec<unknown> {
  return new Parser(source, new Map(layouts)).type();
}

/** The schema as the document can show it: names of refinements where they are layouts, no functions. */
export function plainSchema(schema: Schema): unknown {
  switch (schema.kind) {
    case 'refined':
      return refinedAs(schema.name) ?? plainSchema(schema.of);
    case 'mapped':
      return plainSchema(schema.of);
    case 'optional':
      return { optional: plainSchema(schema.of) };
    case 'list':
      return { list: plainSchema(schema.of), maxItems: schema.maxItems };
    case 'struct':
      return {
        extensible: schema.extensible,
        fields: schema.fields.map((field) => ({ [field.name]: plainSchema(field.schema) })),
      };
    case 'union':
      return schema.variants.map(({ name, tag, schema: of }) => ({
        [name]: tag,
        ...asObject(plainSchema(of)),
      }));
    default:
      return schema;
  }
}

function refinedAs(name: string): string | undefined {
  if (['userId', 'groupId', 'identifier'].includes(name)) return 'identifier';
  return ['fileName', 'file name'].includes(name) ? 'file_name' : undefined;
}

function asObject(value: unknown): object {
  return typeof value === 'object' && value !== null ? value : { value };
}

class Parser {
  readonly layouts: Map<string, Codec<unknown>>;
  readonly #tokens: string[];

  constructor(source: string, layouts: Map<string, Codec<unknown>>) {
    this.layouts = layouts;
    this.#tokens = source.replaceAll(/#.*$/gm, '').match(/[A-Za-z_][\w.]*|\d+|[^\s\w]/g) ?? [];
  }

  get isAtEnd(): boolean {
    return this.#tokens.length === 0;
  }

  /** `struct Name { ... }`, and the like; or `Name = type`. */
  definition(): void {
    const first = this.#take();
    if (this.#tokens[0] === '=') {
      this.#expect('=');
      this.layouts.set(first, this.type());
      return;
    }
    const name = this.#take();
    this.layouts.set(name, this.#braced(first));
  }

  type(): Codec<unknown> {
    const name = this.#take();
    switch (name) {
      case 'struct':
      case 'extensible':
      case 'union':
      case 'enum':
        return this.#braced(name);
      case 'text':
        return text({ maxBytes: this.#inParentheses(() => this.#number()) });
      case 'optional':
        return optional(this.#inParentheses(() => this.type()));
      case 'bytes':
        return this.#bytes();
      case 'list':
        return this.#inParentheses(() => list(this.type(), { maxItems: this.#afterComma() }));
      case 'map':
        return this.#inParentheses(() => this.#map());
    }
    const codec = this.layouts.get(name);
    if (codec === undefined) throw new Error(`PROTOCOL.md uses the layout ${name} before it says what it is`);
    return codec;
  }

  #braced(kind: string): Codec<unknown> {
    if (kind === 'struct') return this.#struct({ extensible: false });
    if (kind === 'extensible') return this.#struct({ extensible: true });
    if (kind === 'enum') return enumeration(Object.fromEntries(this.#items(() => this.#numbered())));
    if (kind !== 'union') throw new Error(`PROTOCOL.md has a layout of the unknown kind ${kind}`);
    const variants = this.#items(() => {
      const [name, tag] = this.#numbered();
      const extensible = this.#tokens[0] === 'extensible';
      if (extensible) this.#take();
      return [name, { tag, codec: this.#struct({ extensible }) }] as const;
    });
    return union('kind', Object.fromEntries(variants));
  }

  #struct(options: { readonly extensible: boolean }): ReturnType<typeof struct> {
    const fields = this.#items(() => {
      const name = this.#take();
      this.#expect(':');
      return [name, this.type()] as const;
    });
    return struct(Object.fromEntries(fields), options);
  }

  #items<T>(item: () => T): T[] {
    const items: T[] = [];
    this.#expect('{');
    while (this.#tokens[0] !== '}') items.push(item());
    this.#expect('}');
    return items;
  }

  #numbered(): readonly [string, number] {
    const name = this.#take();
    this.#expect('=');
    return [name, this.#number()];
  }

  /** `bytes(N)`: at most N behind a length. `bytes[N]`: exactly N. */
  #bytes(): Codec<unknown> {
    if (this.#tokens[0] === '(') return bytes({ maxBytes: this.#inParentheses(() => this.#number()) });
    this.#expect('[');
    const length = this.#number();
    this.#expect(']');
    return fixedBytes(length);
  }

  #map(): Codec<unknown> {
    // What a document calls a key is one: a codec of anything else fails when the vector is read.
    const key = this.type() as Codec<MapKey>;
    this.#expect(',');
    return map(key, this.type(), { maxItems: this.#afterComma() });
  }

  #inParentheses<T>(read: () => T): T {
    this.#expect('(');
    const value = read();
    this.#expect(')');
    return value;
  }

  #afterComma(): number {
    this.#expect(',');
    return this.#number();
  }

  #number(): number {
    const token = this.#take();
    if (!/^\d+$/.test(token)) throw new Error(`PROTOCOL.md has ${token} where a number should be`);
    return Number(token);
  }

  #expect(token: string): void {
    const found = this.#take();
    if (found !== token) throw new Error(`PROTOCOL.md has ${found} where ${token} should be`);
  }

  #take(): string {
    const token = this.#tokens.shift();
    if (token === undefined) throw new Error('PROTOCOL.md has a layout without an end');
    return token;
  }
}
