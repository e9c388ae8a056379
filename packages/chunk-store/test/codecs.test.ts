import { CodecError, decode, encode } from '@minitorrent/wire-codec';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  createManifest,
  type FileDescriptor,
  fileDescriptorCodec,
  fileNameCodec,
  identifierCodec,
} from '../src/index.ts';
import { hex, patternBytes } from './bytes.ts';
import { hostileNames } from './hostile-names.ts';

const descriptors: fc.Arbitrary<FileDescriptor> = fc
  .record({
    name: fc.stringMatching(/^[a-z]{5,60}$/),
    size: fc.integer({ min: 0, max: 2 ** 34 }),
    pieceLength: fc.constantFrom(65_536, 131_072, 4_194_304),
    root: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map((file) => ({ ...file, root: file.size === 0 ? new Uint8Array(32) : file.root.fill(1, 0, 1) }));

describe('fileDescriptorCodec', () => {
  it('gives back what was written, and refuses every prefix', () => {
    fc.assert(
      fc.property(descriptors, (descriptor) => {
        const bytes = encode(fileDescriptorCodec, descriptor);
        expect(decode(fileDescriptorCodec, bytes)).toEqual(descriptor);
        for (let length = 0; length < bytes.length; length += 1) {
          expect(() => decode(fileDescriptorCodec, bytes.subarray(0, length))).toThrow();
        }
      }),
    );
  });

  it('writes the golden bytes', () => {
    const { name, size, pieceLength, root } = createManifest({ name: 'é.bin', bytes: patternBytes(100_000) });
    const bytes = encode(fileDescriptorCodec, { name, size, pieceLength, root });
    expect(hex(bytes)).toBe(
      '0000002e' +
        '06c3a92e62696e' +
        'a08d06' +
        '00010000' +
        '98c5c20825aa98122c9c1c22c2e874f5f3feefd31ee9b5f40ddd076ea9d78130',
    );
  });

  it('copies the root out of the message', () => {
    const descriptor = { name: 'a', size: 1, pieceLength: 65_536, root: patternBytes(32) };
    const bytes = encode(fileDescriptorCodec, descriptor);
    const decoded = decode(fileDescriptorCodec, bytes);
    bytes.fill(0);
    expect(decoded.root).toEqual(descriptor.root);
    expect(decoded.root.buffer.byteLength).toBe(32);
  });

  it('refuses what no file can be', () => {
    const good: FileDescriptor = { name: 'a', size: 1, pieceLength: 65_536, root: patternBytes(32) };
    for (const bad of [
      { name: '..' },
      { pieceLength: 65_537 },
      { pieceLength: 0 },
      { size: 65_536 * 262_144 + 1 },
      { root: new Uint8Array(31) },
      { root: new Uint8Array(32) },
      { size: 0 },
    ]) {
      expect(() => encode(fileDescriptorCodec, { ...good, ...bad })).toThrow();
    }
    const bytes = encode(fileDescriptorCodec, good).slice();
    const refused = expect.objectContaining({ code: 'refused' });
    // Behind the struct's length and the name's: the name itself.
    expect(() => decode(fileDescriptorCodec, bytes.with(5, '/'.charCodeAt(0)))).toThrow(refused);
    // The size, without which the root is not an empty file's.
    expect(() => decode(fileDescriptorCodec, bytes.with(6, 0))).toThrow(refused);
    expect(() => decode(fileDescriptorCodec, bytes.fill(0, -32))).toThrow(refused);
  });
});

describe('fileNameCodec and identifierCodec', () => {
  it('neither write nor read a hostile name', () => {
    const names = hostileNames().filter((name) => name.length < 100);
    expect(names.filter((name) => succeeds(() => encode(fileNameCodec, name)))).toEqual([]);
    expect(names.filter((name) => succeeds(() => encode(identifierCodec, name)))).toEqual([]);
    // Half a surrogate pair cannot even be written as UTF-8.
    const onWire = names.filter((name) => name.isWellFormed()).map((name) => new TextEncoder().encode(name));
    const readable = onWire.filter((utf8) =>
      succeeds(() => decode(fileNameCodec, Uint8Array.of(utf8.length, ...utf8))),
    );
    expect(readable).toEqual([]);
    expect(decode(identifierCodec, encode(identifierCodec, 'alice'))).toBe('alice');
  });
});

function succeeds(action: () => unknown): boolean {
  try {
    action();
    return true;
  } catch (error) {
    if (error instanceof CodecError) return false;
    throw error;
  }
}
