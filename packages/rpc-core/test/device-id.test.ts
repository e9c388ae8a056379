import { array, constantFrom, integer, property, uint8Array } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { spell } from '../src/base32.ts';
import { RpcError } from '../src/index.ts';
import { deviceIdOf, formatDeviceId, isSameDevice, parseDeviceId } from '../src/tls.ts';
import { assertProperty } from './support/assert-property.ts';
import { fromHex, toHex } from './support/hex.ts';

/** The public key of RFC 8032, section 7.1, test 1, and what follows from it. */
const publicKey = fromHex('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a');
const deviceId = fromHex('21fe31dfa154a261626bf854046fd2271b7bed4b6abe45aa58877ef47f9721b9');
const text = 'EH7DDX5-BKSRGCP-YTL7BKA-I36SE4X-NXX3KLN-K7ELKSV-YQ57PI7-4XEG4QC';

const anyId = uint8Array({ minLength: 32, maxLength: 32 });
const digit = integer({ min: 0, max: 31 });

/** What is wrong with text that is no device id. */
function complaint(wrong: string): string {
  try {
    parseDeviceId(wrong);
  } catch (error) {
    if (error instanceof RpcError && error.code === 'bad_device_id') return error.message;
    throw error;
  }
  throw new Error(`${wrong} was read`);
}

/** `id` with the digits at two places of its text changed into each other. */
function swapped(id: string, a: number, b: number): string {
  const characters = [...id];
  [characters[a], characters[b]] = [characters[b] ?? '', characters[a] ?? ''];
  return characters.join('');
}

describe('deviceIdOf', () => {
  test('is the SHA-256 of the raw public key', () => {
    expect(toHex(deviceIdOf(publicKey))).toBe(toHex(deviceId));
  });

  test('takes nothing but a public key of 32 bytes', () => {
    expect(() => deviceIdOf(new Uint8Array(31))).toThrow(RangeError);
    expect(() => formatDeviceId(new Uint8Array(33))).toThrow(RangeError);
  });
});

describe('isSameDevice', () => {
  test('compares all bytes and the length', () => {
    expect(isSameDevice(deviceId, deviceId.slice())).toBe(true);
    expect(isSameDevice(deviceId, deviceId.with(31, 0))).toBe(false);
    expect(isSameDevice(deviceId, deviceId.subarray(0, 31))).toBe(false);
    expect(isSameDevice(deviceId.subarray(0, 31), deviceId)).toBe(false);
  });
});

describe('formatDeviceId and parseDeviceId', () => {
  test('have this form', () => {
    expect(formatDeviceId(deviceId)).toBe(text);
    expect(parseDeviceId(text)).toEqual(deviceId);
  });

  test('read what they wrote, in any case and with any separators', () => {
    const noise = array(constantFrom('-', ' ', '\n', ''), { minLength: 56, maxLength: 56 });
    assertProperty(
      property(anyId, noise, (id, separators) => {
        const characters = [...formatDeviceId(id).replaceAll('-', '')];
        const typed = characters.map((each, at) => `${each}${separators[at]}`).join('');
        expect(parseDeviceId(typed)).toEqual(id);
        expect(parseDeviceId(typed.toLowerCase())).toEqual(id);
      }),
    );
  });

  test('read 0, 1 and 8 as what they look like', () => {
    const id = parseDeviceId(formatDeviceId(deviceId));
    const typed = text.replaceAll('O', '0').replaceAll('I', '1').replaceAll('B', '8');
    expect(typed).not.toBe(text);
    expect(parseDeviceId(typed)).toEqual(id);
  });

  test('refuse every single wrong character, and say in which groups it is', () => {
    const plain = text.replaceAll('-', '');
    for (let at = 0; at < plain.length; at += 1) {
      for (const other of spell([...Array(32).keys()])) {
        if (other === plain[at]) continue;
        const first = 2 * Math.floor(at / 14) + 1;
        expect(complaint(plain.slice(0, at) + other + plain.slice(at + 1))).toBe(
          `Cannot read the device id: groups ${first} and ${first + 1} have a mistake`,
        );
      }
    }
  });

  test('refuse every two characters of a pair of groups that changed places', () => {
    const place = integer({ min: 0, max: 13 });
    assertProperty(
      property(anyId, integer({ min: 0, max: 3 }), place, place, (id, pair, a, b) => {
        const plain = formatDeviceId(id).replaceAll('-', '');
        const wrong = swapped(plain, pair * 14 + a, pair * 14 + b);
        if (wrong !== plain) complaint(wrong);
      }),
    );
  });

  test('refuse pairs of groups that changed places', () => {
    const pair = integer({ min: 0, max: 3 });
    assertProperty(
      property(anyId, pair, pair, (id, a, b) => {
        const pairs = formatDeviceId(id).replaceAll('-', '').match(/.{14}/g) ?? [];
        [pairs[a], pairs[b]] = [pairs[b] ?? '', pairs[a] ?? ''];
        if (a !== b) complaint(pairs.join(''));
      }),
    );
  });

  test('refuse a second text for an id, with bits that mean nothing', () => {
    // 13 digits and the check digit of the last pair, all of them A (0) but the last two.
    const start = formatDeviceId(new Uint8Array(32)).replaceAll('-', '').slice(0, 54);
    expect(parseDeviceId(`${start}AD`)).toEqual(new Uint8Array(32));
    expect(complaint(`${start}BB`)).toContain('groups 7 and 8');
  });

  test.each([
    ['', 'it has 0 characters, expected 56'],
    [text.slice(0, -1), 'it has 55 characters, expected 56'],
    [`${text}A`, 'it has 57 characters, expected 56'],
    [text.replace('7', '9'), 'it has characters other than A-Z, 2-7 and hyphens'],
    [`${text}${' '.repeat(300)}`, 'it has characters other than A-Z, 2-7 and hyphens'],
  ])('refuse %j', (wrong, reason) => {
    expect(complaint(wrong)).toBe(`Cannot read the device id: ${reason}`);
  });

  test('throw nothing else, whatever the text', () => {
    assertProperty(
      property(array(digit, { minLength: 50, maxLength: 60 }), (digits) => {
        const typed = spell(digits);
        try {
          expect(formatDeviceId(parseDeviceId(typed)).replaceAll('-', '')).toBe(typed);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad_device_id' });
        }
      }),
    );
  });
});
