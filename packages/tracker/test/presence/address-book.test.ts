import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deviceKey } from '../../src/device-key.ts';
import { encodePeers, type Holding, type PeerAddress } from '../../src/messages.ts';
import { AddressBook } from '../../src/presence/address-book.ts';

/** Its length, a user id and a host behind theirs, and what is fixed. */
const MAX_ADDRESS_BYTES = 4 + 65 + 32 + 257 + 3;

const userId = fc.constantFrom('a', 'alice', 'alicf', 'zoë', 'zoë2', '李雷', 'x'.repeat(64), 'é'.repeat(32));
const deviceId = fc.constantFrom(...[1, 2].map((fill) => new Uint8Array(32).fill(fill)));
const host = fc.constantFrom(
  '10.0.0.1',
  '10.0.0.2',
  '::1',
  'tëst',
  'h'.repeat(127),
  'h'.repeat(128),
  'h'.repeat(255),
);
const holding = fc.constantFrom<Holding>('complete', 'partial');
const address = fc.record({ userId, deviceId, host, port: fc.constantFrom(0, 1, 256, 257, 65_535), holding });

describe('AddressBook', () => {
  it('answers what went in, and the same as it goes over the wire', async () => {
    await fc.assert(
      fc.property(fc.array(address, { minLength: 1 }), (addresses) => {
        const book = new AddressBook();
        const entries = addresses.map((one) => book.add(one));
        const bytes = new Uint8Array(addresses.length * MAX_ADDRESS_BYTES);
        let end = 0;
        for (const [at, one] of addresses.entries()) {
          const entry = entries[at] ?? -1;
          expect(book.read(entry, one.holding)).toEqual(one);
          end = book.copy(entry, one.holding, bytes, end);
        }
        expect(bytes.slice(0, end)).toEqual(encodePeers(addresses).bytes);
      }),
    );
  });

  it('knows whose an entry is, and where', async () => {
    await fc.assert(
      fc.property(address, address, (one, other) => {
        const book = new AddressBook();
        const entry = book.add(one);
        expect(book.isOfUser(entry, other.userId)).toBe(one.userId === other.userId);
        expect(book.isOf(entry, keyOf(other))).toBe(keyOf(one) === keyOf(other));
        const isSame = one.host === other.host && one.port === other.port;
        // Of other hosts than those that a socket knows it may say no.
        const isPlain = /^[ -~]{1,127}$/.test(one.host);
        expect(book.isAt(entry, other.host, other.port)).toBe(isSame && isPlain);
      }),
    );
  });

  it('holds the longest address there can be', () => {
    const book = new AddressBook();
    const longest = { userId: 'x'.repeat(64), deviceId: new Uint8Array(32), host: 'h'.repeat(255), port: 1 };
    expect(book.byteLength(book.add(longest))).toBe(MAX_ADDRESS_BYTES);
  });
});

function keyOf({ userId: user, deviceId: device }: PeerAddress): string {
  return deviceKey(user, device);
}
