import {
  bytes,
  type Codec,
  list,
  map,
  optional,
  recursive,
  refine,
  struct,
  text,
  u8,
  u16,
  union,
} from '@minitorrent/wire-codec';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, test } from 'vitest';
import type { Tree } from './golden.ts';
import { assertProperty } from './support/assert-property.ts';

describe('arbitraryOf', () => {
  test('has the type of the codec’s values', () => {
    expectTypeOf(arbitraryOf(struct({ port: u16 }))).toEqualTypeOf<fc.Arbitrary<{ readonly port: number }>>();
  });

  test('keeps the limits of the codec, counted in bytes', () => {
    const codec = struct({
      name: text({ maxBytes: 3 }),
      data: bytes({ maxBytes: 4 }),
      list: list(u8, { maxItems: 2 }),
    });
    assertProperty(
      fc.property(arbitraryOf(codec), (value) => {
        expect(Buffer.byteLength(value.name)).toBeLessThanOrEqual(3);
        expect(value.data.length).toBeLessThanOrEqual(4);
        expect(value.list.length).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('keeps the length asked for', () => {
    const codec = map(u16, text({ maxBytes: 1000 }), { maxItems: 1000 });
    assertProperty(
      fc.property(arbitraryOf(codec, { maxLength: 2 }), (value) => {
        expect(value.size).toBeLessThanOrEqual(2);
        for (const name of value.values()) expect([...name].length).toBeLessThanOrEqual(2);
      }),
    );
  });

  test('makes every variant of a union', () => {
    const codec = union('kind', {
      a: { tag: 1, codec: struct({}) },
      b: { tag: 2, codec: struct({ port: u8 }) },
    });
    const kinds = fc.sample(arbitraryOf(codec), { numRuns: 100, seed: 1 }).map(({ kind }) => kind);
    expect(new Set(kinds)).toStrictEqual(new Set(['a', 'b']));
  });

  test('makes values for a refinement in the way it is told', () => {
    const port = refine(u16, { name: 'port 6881', check: (value) => value === 6881 });
    const ports = arbitraryOf(list(port, { maxItems: 3 }), {
      named: { 'port 6881': () => fc.constant(6881) },
    });
    assertProperty(fc.property(ports, (values) => values.every((value) => value === 6881)));
  });

  test('makes values of some depth for a recursive codec, and none deeper than it allows', () => {
    const depths = fc.sample(arbitraryOf(treeOf(9)), { numRuns: 100, seed: 1 }).map(depthOf);
    expect(Math.max(...depths)).toBe(4);
    const shallow = fc.sample(arbitraryOf(treeOf(1)), { numRuns: 100, seed: 1 }).map(depthOf);
    expect(Math.max(...shallow)).toBe(1);
  });

  test('finds the smallest value of a recursive codec through any of its codecs', () => {
    type Node = { readonly kind: string; readonly next?: unknown };
    const node: Codec<Node> = union('kind', {
      list: {
        tag: 1,
        codec: struct({
          next: list(
            recursive(() => node),
            { maxItems: 2 },
          ),
        }),
      },
      map: {
        tag: 2,
        codec: struct({
          next: map(
            u8,
            recursive(() => node),
            { maxItems: 2 },
          ),
        }),
      },
      optional: { tag: 3, codec: struct({ next: optional(recursive(() => node)) }) },
      refined: {
        tag: 4,
        codec: struct({
          next: refine(
            recursive(() => node),
            { name: 'node', check: () => true },
          ),
        }),
      },
      union: {
        tag: 5,
        codec: struct({
          next: union('kind', { next: { tag: 1, codec: struct({ next: recursive(() => node) }) } }),
        }),
      },
    }) as Codec<Node>;
    const kinds = fc.sample(arbitraryOf(node), { numRuns: 200, seed: 1 }).map(({ kind }) => kind);
    expect(new Set(kinds)).toStrictEqual(new Set(['list', 'map', 'optional', 'refined', 'union']));
  });

  test('refuses a recursive codec without a smallest value', () => {
    const endless: Codec<unknown> = struct({ next: recursive(() => endless) });
    expect(() => arbitraryOf(endless)).toThrow(TypeError);
  });
});

function treeOf(maxDepth: number): Codec<Tree> {
  const tree: Codec<Tree> = struct({
    label: u8,
    children: list(
      recursive(() => tree, { maxDepth }),
      { maxItems: 4 },
    ),
  });
  return tree;
}

function depthOf(tree: Tree): number {
  return Math.max(0, ...tree.children.map((child) => 1 + depthOf(child)));
}
