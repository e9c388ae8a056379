/** Stamps, signatures of files, and invitation codes. */
import { encode } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  fileSignatureCodec,
  isSignedFile,
  type SharedFileClaim,
  signFile,
} from '../../src/membership/file-signature.ts';
import { invitationKey, readInvitation, writeInvitation } from '../../src/membership/invitation.ts';
import { readStamp, signStamp } from '../../src/membership/stamp.ts';
import { testFile } from '../helpers/files.ts';
import { device, founded } from './people.ts';

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });
const [tracker, other] = [device(50), device(51)];

describe('stamp', () => {
  const stamp = fc.record({
    groupKey: bytes(32),
    userId: fc.string({ maxLength: 16 }),
    deviceId: bytes(32),
    memberEpoch: fc.nat(),
    notAfterMs: fc.maxSafeNat(),
  });

  it('says what was signed, and which tracker did', async () => {
    await fc.assert(
      fc.property(stamp, (value) => {
        const read = readStamp(signStamp(tracker, value));
        expect(read).toEqual({ stamp: value, trackerId: tracker.deviceId });
      }),
      { numRuns: 50 },
    );
  });

  it('is none with any bit of it changed, cut short, or of another tracker', async () => {
    const value = {
      groupKey: new Uint8Array(32).fill(1),
      userId: 'alice',
      deviceId: new Uint8Array(32).fill(2),
      memberEpoch: 3,
      notAfterMs: 4,
    };
    const signed = signStamp(tracker, value).slice();
    await fc.assert(
      fc.property(fc.nat(signed.length * 8 - 1), (bit) => {
        const changed = signed.slice();
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(readStamp(changed)).toBeUndefined();
      }),
      { numRuns: 300 },
    );
    for (let length = 0; length < signed.length; length += 1)
      expect(readStamp(signed.subarray(0, length))).toBeUndefined();
    // The other one's key in its place is another one's stamp, and its signature is wrong.
    const at = signed.length - 65 - 32;
    const claimed = signed.slice();
    claimed.set(other.publicKey, at);
    expect(Buffer.from(signed.subarray(at, at + 32))).toEqual(Buffer.from(tracker.publicKey));
    expect(readStamp(claimed)).toBeUndefined();
  });

  it('is not good as a grant, nor a proof as a stamp', () => {
    expect(readStamp(founded(tracker))).toBeUndefined();
  });
});

describe('file signature', () => {
  const claim: SharedFileClaim = { groupId: 'friends', userId: 'bob', file: testFile('a.bin') };
  const signature = signFile(tracker, claim);

  it('is good for this very file of this user in this group, and for nothing else', () => {
    expect(isSignedFile(claim, signature)).toBe(true);
    const { file } = claim;
    for (const changed of [
      { ...claim, groupId: 'work' },
      { ...claim, userId: 'carol' },
      { ...claim, file: { ...file, name: 'b.bin' } },
      { ...claim, file: { ...file, size: file.size + 1 } },
      { ...claim, file: { ...file, pieceLength: file.pieceLength * 2 } },
      { ...claim, file: { ...file, root: file.root.map((byte) => byte ^ 1) } },
    ])
      expect(isSignedFile(changed, signature)).toBe(false);
    expect(isSignedFile(claim, { ...signature, publicKey: other.publicKey })).toBe(false);
    expect(isSignedFile(claim, signFile(other, claim))).toBe(true);
  });

  it('is none with any bit of it changed', async () => {
    await fc.assert(
      fc.property(fc.nat(97 * 8 - 1), (bit) => {
        const [publicKey, proof] = [signature.publicKey.slice(), signature.signature.slice()];
        const part = bit < 256 ? publicKey : proof;
        const at = bit < 256 ? bit : bit - 256;
        part[at >> 3] = (part[at >> 3] ?? 0) ^ (1 << (at & 7));
        expect(isSignedFile(claim, { publicKey, signature: proof })).toBe(false);
      }),
      { numRuns: 200 },
    );
    expect(encode(fileSignatureCodec, signature)).toHaveLength(97);
  });
});

describe('invitation', () => {
  it('comes back from its code, however that is typed', async () => {
    await fc.assert(
      fc.property(bytes(16), bytes(32), (secret, groupKey) => {
        const code = writeInvitation(secret, groupKey);
        for (const typed of [code, code.toLowerCase(), code.replaceAll('-', ''), code.replaceAll('-', ' ')]) {
          const read = readInvitation(typed);
          expect(read.key.deviceId).toEqual(invitationKey(secret).deviceId);
          expect(read.groupKeyStart).toEqual(groupKey.subarray(0, 16));
        }
      }),
      { numRuns: 50 },
    );
  });

  it('is refused with a wrong character, and where two changed places', async () => {
    const code = writeInvitation(
      new Uint8Array(16).fill(7),
      new Uint8Array(32).map((_, at) => at * 11),
    );
    const plain = [...code.replaceAll('-', '')];
    await fc.assert(
      fc.property(
        fc.nat(plain.length - 1),
        fc.constantFrom(...'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'),
        (at, one) => {
          const typed = plain.with(at, one);
          if (one === plain[at]) return;
          expect(() => readInvitation(typed.join(''))).toThrow('mistake');
        },
      ),
    );
    await fc.assert(
      fc.property(fc.nat(plain.length - 2), (at) => {
        const [one = '', next = ''] = plain.slice(at, at + 2);
        if (one === next) return;
        expect(() =>
          readInvitation(
            plain
              .with(at, next)
              .with(at + 1, one)
              .join(''),
          ),
        ).toThrow('mistake');
      }),
    );
  });

  it('needs a secret of 16 bytes and the whole key of a group', () => {
    expect(() => writeInvitation(new Uint8Array(15), new Uint8Array(32))).toThrow(RangeError);
    expect(() => writeInvitation(new Uint8Array(16), new Uint8Array(16))).toThrow(RangeError);
  });

  it('has a key that is not its secret', () => {
    const secret = new Uint8Array(16).fill(3);
    expect(invitationKey(secret).deviceId).toEqual(invitationKey(secret.slice()).deviceId);
    expect(invitationKey(secret).deviceId).not.toEqual(invitationKey(new Uint8Array(16)).deviceId);
  });
});
