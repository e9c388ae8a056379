/**
 * Device ids: 32 bytes that name a device because nobody else has the key behind them, and their form for people.
 *
 * As text an id is 56 characters in eight groups. Each pair of groups ends in a check digit of its own, so whoever reads
 * one aloud or types it learns which groups to look at again. The check digit is a weighted sum in the field of 32 elements
 * with a different weight for each place: it finds every single wrong character and every two that changed places, and by
 * a number for each pair, pairs that did.
 */
import { hash } from 'node:crypto';
import { fromDigits, readDigits, spell, toDigits } from './base32.ts';
import { RpcError } from './errors.ts';

/** Of every device id, and of every public key. */
export const DEVICE_ID_BYTES = 32;

const GROUP = 7;
const PAIR: number = 2 * GROUP;
const DATA_DIGITS = 52;
const CHARACTERS: number = DATA_DIGITS + DATA_DIGITS / (PAIR - 1);
/** Generous to separators; above it nobody has typed a device id. */
const MAX_TEXT = 256;

/** The id of the device whose raw Ed25519 public key this is: its SHA-256. */
export function deviceIdOf(publicKey: Uint8Array): Uint8Array {
  requireBytes('public key', publicKey);
  return new Uint8Array(hash('sha256', publicKey, 'buffer'));
}

/** Whether two ids are of one device. They are public, so how long this takes tells nothing. */
export function isSameDevice(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, at) => byte === b[at]);
}

/** An id for people: `MFRGGZD-FMZTWQ2-...`, eight groups of seven characters. */
export function formatDeviceId(deviceId: Uint8Array): string {
  requireBytes('device id', deviceId);
  const digits = toDigits(deviceId);
  const pairs = chunk(digits, PAIR - 1).map((data, pair) => [...data, checkDigit(data, pair)]);
  return chunk(pairs.flat(), GROUP).map(spell).join('-');
}

/**
 * The id that somebody typed or pasted, in any case, with or without separators. Throws `bad_device_id`, which says where
 * to look.
 */
export function parseDeviceId(text: string): Uint8Array {
  const digits = text.length > MAX_TEXT ? undefined : readDigits(text);
  if (digits === undefined) throw badDeviceId('it has characters other than A-Z, 2-7 and hyphens');
  if (digits.length !== CHARACTERS)
    throw badDeviceId(`it has ${digits.length} characters, expected ${CHARACTERS}`);
  const pairs = chunk(digits, PAIR);
  const wrong = pairs.findIndex((pair, at) => checkDigit(pair.slice(0, -1), at) !== pair.at(-1));
  if (wrong >= 0) throw badDeviceId(`groups ${2 * wrong + 1} and ${2 * wrong + 2} have a mistake`);
  const deviceId = fromDigits(pairs.flatMap((pair) => pair.slice(0, -1)));
  if (deviceId === undefined) throw badDeviceId('groups 7 and 8 have a mistake');
  return deviceId;
}

/** Horner's rule: the weight of a place is a power of the generator 2, from 13 down to 1; the check digit's own is 1. */
function checkDigit(data: readonly number[], pair: number): number {
  return data.reduce((sum, digit) => double(sum ^ digit), 0) ^ pair;
}

/** Times the generator, in the field of 32 elements modulo x^5 + x^2 + 1. */
function double(element: number): number {
  return element < 16 ? element << 1 : (element << 1) ^ 0b100101;
}

function chunk<T>(items: readonly T[], size: number): T[][] {
  const count = Math.ceil(items.length / size);
  return Array.from({ length: count }, (_, at) => items.slice(at * size, (at + 1) * size));
}

function badDeviceId(reason: string): RpcError {
  return new RpcError('bad_device_id', `Cannot read the device id: ${reason}`);
}

function requireBytes(what: string, bytes: Uint8Array): void {
  if (bytes.length !== DEVICE_ID_BYTES)
    throw new RangeError(`Cannot use a ${what} of ${bytes.length} bytes: wanted ${DEVICE_ID_BYTES}`);
}
