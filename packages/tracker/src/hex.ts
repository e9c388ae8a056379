/**
 * Bytes as lower-case hexadecimal: the keys of the state's maps. By `Uint8Array.prototype.toHex`, which is several times
 * faster, where it is there: in Node 26, not in Node 24.
 */
const DIGITS: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** `bytes` in hexadecimal. (`toHex` is ES2026, and the types do not know it yet.) */
export function toHex(bytes: Uint8Array & { toHex?(): string }): string {
  return bytes.toHex?.() ?? toHexByDigits(bytes);
}

/** The same where the language does not offer it. */
export function toHexByDigits(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += DIGITS[byte];
  return text;
}

/** The bytes that `toHex` wrote as `text`. */
export function fromHex(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length / 2);
  for (let at = 0; at < bytes.length; at += 1)
    bytes[at] = Number.parseInt(text.slice(2 * at, 2 * at + 2), 16);
  return bytes;
}
