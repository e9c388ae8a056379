/**
 * Base32 with the alphabet of RFC 4648, as digits of 0 to 31, so that check digits can be computed on them.
 *
 * Reading is kind to people and strict about meaning: any case, separators anywhere, and the digits that this alphabet
 * leaves out because they look like letters; but of bytes that do not fill the last digit exactly one text is valid.
 */

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const BITS = 5;

/** What people write for what they see: 0, 1 and 8 are not in the alphabet. */
const LOOKALIKES: ReadonlyMap<string, string> = new Map([
  ['0', 'O'],
  ['1', 'I'],
  ['8', 'B'],
]);

/** The digits of `bytes`, the last one filled up with zero bits. */
export function toDigits(bytes: Uint8Array): number[] {
  const digits: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (heldBits += 8; heldBits >= BITS; heldBits -= BITS) digits.push((held >> (heldBits - BITS)) & 31);
    held &= 31;
  }
  if (heldBits > 0) digits.push((held << (BITS - heldBits)) & 31);
  return digits;
}

/** The bytes of digits from `toDigits`; undefined where no bytes have these digits. */
export function fromDigits(digits: readonly number[]): Uint8Array | undefined {
  const bytes = new Uint8Array(Math.floor((digits.length * BITS) / 8));
  let held = 0;
  let heldBits = 0;
  let at = 0;
  for (const digit of digits) {
    held = ((held << BITS) | digit) & 0xfff;
    heldBits += BITS;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes[at++] = held >> heldBits;
  }
  const isPadded = heldBits < BITS && (held & ((1 << heldBits) - 1)) === 0;
  return isPadded ? bytes : undefined;
}

/** The digits as text, without separators. */
export function spell(digits: readonly number[]): string {
  return digits.map((digit) => ALPHABET.charAt(digit)).join('');
}

/** The digits of text that somebody wrote; undefined where it has a character that means no digit. */
export function readDigits(text: string): number[] | undefined {
  const digits = [...text.toUpperCase().replaceAll(/[\s-]/g, '')].map((character) =>
    ALPHABET.indexOf(LOOKALIKES.get(character) ?? character),
  );
  return digits.includes(-1) ? undefined : digits;
}
