import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, toHexByDigits } from '../src/hex.ts';

describe('toHex', () => {
  it('writes what fromHex reads, with the help of the language and without', async () => {
    await fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'));
        expect(toHexByDigits(bytes)).toBe(toHex(bytes));
        expect(fromHex(toHex(bytes))).toEqual(bytes);
      }),
    );
  });
});
