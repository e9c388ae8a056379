import { type Codec, decode, encode, list, recursive, struct, u8 } from '@minitorrent/wire-codec';
import { describe, expect, test } from 'vitest';
import type { Tree } from './golden.ts';
import { hexBytes } from './golden.ts';

const tree: Codec<Tree> = struct({
  label: u8,
  children: list(
    recursive(() => tree),
    { maxItems: 4 },
  ),
});

describe('recursive', () => {
  test('codes up to its depth and no deeper', () => {
    expect(decode(tree, encode(tree, chain(32)))).toStrictEqual(chain(32));
    expect(() => encode(tree, chain(33))).toThrow(expect.objectContaining({ code: 'too_deep' }));
  });

  test('counts depth, not length', () => {
    const wide = { label: 0, children: [chain(20), chain(20), chain(31)] };
    expect(decode(tree, encode(tree, wide))).toStrictEqual(wide);
  });

  test('refuses deep bytes long before the stack ends', () => {
    expect(() => decode(tree, hexBytes('0001'.repeat(100_000)))).toThrow(
      expect.objectContaining({ code: 'too_deep' }),
    );
  });

  test('refuses a value that holds itself, and works again afterwards', () => {
    const children: Tree[] = [];
    const endless = { label: 1, children };
    children.push(endless);
    expect(() => encode(tree, endless)).toThrow(expect.objectContaining({ code: 'too_deep' }));
    expect(encode(tree, chain(32))).toHaveLength(66);
  });

  test('refuses itself alone, and values that may take no bytes', () => {
    const itself: Codec<number> = recursive(() => itself);
    expect(() => decode(itself, hexBytes('00'))).toThrow(expect.objectContaining({ code: 'too_deep' }));
    expect(() =>
      encode(
        recursive(() => struct({})),
        {},
      ),
    ).toThrow(TypeError);
  });
});

function chain(depth: number): Tree {
  let value: Tree = { label: 0, children: [] };
  for (let level = 0; level < depth; level++) value = { label: 0, children: [value] };
  return value;
}
