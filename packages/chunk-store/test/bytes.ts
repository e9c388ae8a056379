/** Bytes for tests: reproducible, and different at every place where a mistake could hide. */

/** Byte i is (i*31 + (i>>8)*17 + (i>>16)*7) & 255, as in bep52-roots.json. */
export function patternBytes(size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i += 1) bytes[i] = (i * 31 + (i >> 8) * 17 + (i >> 16) * 7) & 255;
  return bytes;
}

export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

/** Whether both hold the same bytes: much faster on large arrays than the comparison of the test runner. */
export function isSameBytes(left: Uint8Array | undefined, right: Uint8Array): boolean {
  return left !== undefined && Buffer.compare(left, right) === 0;
}
