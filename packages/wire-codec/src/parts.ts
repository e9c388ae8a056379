/**
 * What codecs that hold others are made of, for the compiler of structs. A codec that is not listed here, such as one made
 * by hand or a changed copy of ours, is only ever called.
 */
import type { Codec } from './codec.ts';
import type { StructMethods } from './struct-layout.ts';

/** How a codec uses the codecs or functions that it was given. */
export type Parts =
  | { readonly kind: 'optional'; readonly of: Codec<unknown> }
  | {
      readonly kind: 'list';
      readonly of: Codec<unknown>;
      readonly maxItems: number;
      readonly minItemBytes: number;
    }
  | {
      readonly kind: 'refined';
      readonly of: Codec<unknown>;
      readonly name: string;
      readonly check: (value: never) => boolean;
    }
  | {
      readonly kind: 'mapped';
      readonly of: Codec<unknown>;
      readonly name: string;
      readonly fromWire: (wire: never) => unknown;
      readonly toWire: (value: never) => unknown;
    }
  | { readonly kind: 'enumeration'; readonly numbers: ReadonlyMap<string, number> }
  /** The methods are made when they are first asked for. */
  | { readonly kind: 'struct'; readonly methods: () => StructMethods };

const known = new WeakMap<object, Parts>();

/** `codec`, whose methods do what its kind does with `parts` and nothing else. */
export function withParts<C extends object>(codec: C, parts: Parts): C {
  known.set(codec, parts);
  return codec;
}

/** What `codec` is made of; undefined for one that can only be called. */
export function partsOf(codec: object): Parts | undefined {
  return known.get(codec);
}
