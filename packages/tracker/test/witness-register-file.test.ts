import { hash } from 'node:crypto';
import { arbitraryOf } from '@minitorrent/wire-codec/arbitraries';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../src/hex.ts';
import { configCodec, noConfig } from '../src/register.ts';
import { decodeRegister, encodeRegister } from '../src/witness/register-file.ts';

const clusterId = new Uint8Array(16).fill(0xc1);
const config = { epoch: 300, primary: '0a'.repeat(16), inSync: ['0a'.repeat(16), '0b'.repeat(16)] };
const PLACE = '/var/lib/witness';

describe('a register file', () => {
  it('has the bytes that it always had', () => {
    const bytes = encodeRegister({ clusterId, config });
    expect(toHex(bytes)).toBe(VECTOR);
    expect(decodeRegister(bytes, PLACE)).toEqual({ clusterId, config });
  });

  it('comes back as it was', async () => {
    const id = fc.uint8Array({ minLength: 16, maxLength: 16 });
    await fc.assert(
      fc.property(id, arbitraryOf(configCodec), (anyId, anyConfig) => {
        const content = { clusterId: anyId, config: anyConfig };
        expect(decodeRegister(encodeRegister(content), PLACE)).toEqual(content);
      }),
    );
  });

  it('is refused where it is not there, with what to do', () => {
    expect(() => decodeRegister(undefined, PLACE)).toThrow(
      expect.objectContaining({
        code: 'no_register',
        message: expect.stringMatching(
          /^There is no register in \/var\/lib\/witness; .*minitorrent witness init/,
        ),
      }),
    );
  });

  it('is refused at every length but its own', () => {
    const bytes = encodeRegister({ clusterId, config });
    for (let length = 0; length < bytes.length; length += 1) {
      expect(codeOf(bytes.subarray(0, length))).toBe('register_corrupt');
    }
    for (const more of [1, 100, 10_000]) {
      const longer = new Uint8Array(bytes.length + more);
      longer.set(bytes);
      expect(codeOf(longer)).toBe('register_corrupt');
    }
  });

  it('is refused with any bit flipped', () => {
    const bytes = encodeRegister({ clusterId, config });
    for (let bit = 0; bit < 8 * bytes.length; bit += 1) {
      const flipped = bytes.slice();
      flipped[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(codeOf(flipped)).toBe('register_corrupt');
    }
  });

  it('is refused whatever else it is', async () => {
    await fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => codeOf(bytes) === 'register_corrupt'),
    );
    expect(codeOf(sealed(encodeRegister({ clusterId, config }).slice(0, -33)))).toBe('register_corrupt');
  });

  it('of a later version is told from a damaged one', () => {
    const later = encodeRegister({ clusterId, config: noConfig }).slice(0, -32);
    later[3] = 2;
    expect(() => decodeRegister(sealed(later), PLACE)).toThrow(
      expect.objectContaining({
        code: 'register_too_new',
        message: expect.stringContaining('update minitorrent'),
      }),
    );
  });

  it('says what to do when it is damaged', () => {
    for (const bytes of [new Uint8Array(), new Uint8Array(100)]) {
      expect(() => decodeRegister(bytes, PLACE)).toThrow(/minitorrent witness init --cluster <id>$/);
    }
  });
});

/** Magic and version, cluster id, epoch, primary, two in sync, checksum. */
const VECTOR = [
  '4d545701',
  'c1'.repeat(16),
  'ac02',
  '0a'.repeat(16),
  '02',
  '0a'.repeat(16),
  '0b'.repeat(16),
  '9eed5ba603e4072b5cffc322bfdf64e06a77e71d381b975edb123264bfefc58b',
].join('');

/** `bytes` and their checksum. */
function sealed(bytes: Uint8Array): Uint8Array {
  return new Uint8Array([...bytes, ...hash('sha256', bytes, 'buffer')]);
}

/** Why these bytes are refused. */
function codeOf(bytes: Uint8Array): unknown {
  try {
    decodeRegister(bytes, PLACE);
    return 'accepted';
  } catch (error) {
    return Reflect.get(Object(error), 'code');
  }
}
