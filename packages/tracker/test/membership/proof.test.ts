/** Proofs: sound if and only if every field is the one that was signed, by somebody who might. */
import { decode, encode, list } from '@minitorrent/wire-codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Grant, type SignedGrant, signedGrantCodec, signGrant } from '../../src/membership/grant.ts';
import {
  type CheckedProof,
  checkProof,
  extendProof,
  groupKeyOf,
  isRevoked,
  issuerProof,
  lastGrantOf,
  MAX_GRANTS,
} from '../../src/membership/proof.ts';
import { device, FOREVER, founded, granted } from './people.ts';

const proofCodec = list(signedGrantCodec, { maxItems: 32 });
const linksOf = (proof: Uint8Array): readonly SignedGrant[] => decode(proofCodec, proof);
const proofOf = (links: readonly SignedGrant[]): Uint8Array => encode(proofCodec, links).slice();
const reasonOf = (proof: Uint8Array): string => {
  const checked = checkProof(proof);
  return checked.isSound ? 'sound' : checked.reason;
};
function sound(proof: Uint8Array): CheckedProof {
  const checked = checkProof(proof);
  if (!checked.isSound) throw new Error(checked.reason);
  return checked;
}

const [founder, bob, carol, key, dave] = [device(1), device(2), device(3), device(4), device(5)];
/** alice founds, makes bob an admin, who makes an invitation, by which carol comes in. */
const byFounder = founded(founder);
const byBob = granted(byFounder, founder, { userId: 'bob', device: bob, role: 'admin', memberEpoch: 3 });
const invite = granted(byBob, bob, { userId: 'bob', device: key, role: 'invite', memberEpoch: 4 });
const byCarol = granted(invite, key, { userId: 'carol', device: carol, memberEpoch: 5 });

describe('proof', () => {
  it('says who was let in, as what, and into which group', () => {
    const { groupKey, grants, member } = sound(byCarol);
    expect(grants.map(({ userId, role, memberEpoch }) => `${userId} ${role} ${memberEpoch}`)).toEqual([
      'alice admin 0',
      'bob admin 3',
      'bob invite 4',
      'carol member 5',
    ]);
    expect(member.deviceId).toEqual(carol.deviceId);
    for (const proof of [byFounder, byBob, invite]) expect(sound(proof).groupKey).toEqual(groupKey);
    expect(groupKeyOf(byCarol)).toEqual(groupKey);
    expect(lastGrantOf(byCarol)).toEqual(member);
  });

  it('is that of who signed it, and one grant more', () => {
    expect(issuerProof(byCarol)).toEqual(invite);
    expect(issuerProof(invite)).toEqual(byBob);
    expect(issuerProof(byFounder)).toBeUndefined();
    expect(issuerProof(new Uint8Array(3))).toBeUndefined();
    expect(groupKeyOf(new Uint8Array(3))).toBeUndefined();
    expect(lastGrantOf(Uint8Array.of(0))).toBeUndefined();
  });

  it('is refused with any bit of it changed', async () => {
    await fc.assert(
      fc.property(fc.nat(byCarol.length * 8 - 1), (bit) => {
        const bytes = byCarol.slice();
        bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        expect(checkProof(bytes).isSound).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it('is refused for every prefix of its bytes, and with bytes behind it', () => {
    for (let length = 0; length < byCarol.length; length += 1)
      expect(checkProof(byCarol.subarray(0, length)).isSound).toBe(false);
    expect(checkProof(Uint8Array.of(...byCarol, 0)).isSound).toBe(false);
  });

  it('is sound if and only if its links are those of one chain in their order', async () => {
    // The same people in a group of the same name, which the same device founded again.
    const again = founded(founder, 'friends', 'alice', 2);
    const bobAgain = granted(again, founder, { userId: 'bob', device: bob, role: 'admin', memberEpoch: 3 });
    const pool = [...linksOf(byCarol), ...linksOf(bobAgain)];
    await fc.assert(
      fc.property(fc.array(fc.nat(pool.length - 1), { maxLength: 5 }), (places) => {
        const isChain = ['0', '0,1', '0,1,2', '0,1,2,3', '4', '4,5'].includes(places.join());
        const links = places.flatMap((place) => pool[place] ?? []);
        expect([places, checkProof(proofOf(links)).isSound]).toEqual([places, isChain]);
      }),
      {
        numRuns: 1_000,
        examples: [
          [[0, 1, 2, 3]],
          [[4, 5]],
          [[4, 5, 2, 3]],
          [[4, 1]],
          [[0, 5]],
          [[1, 0]],
          [[0, 0]],
          [[0, 2]],
        ],
      },
    );
  });

  it('is refused with any field of any grant replaced, unless whoever has to signs it again', async () => {
    const signers = [founder, founder, bob, key];
    const change = fc.oneof(
      fc.constantFrom('work', 'Friends', '').map((groupId) => ({ groupId })),
      fc.constantFrom('alice', 'bob', 'carol', 'mallory').map((userId) => ({ userId })),
      fc.constantFrom(bob, carol, key, dave).map(({ deviceId }) => ({ deviceId })),
      fc.constantFrom('member', 'admin', 'invite').map((role) => ({ role }) as Partial<Grant>),
      fc.nat(9).map((memberEpoch) => ({ memberEpoch })),
      fc.constantFrom(1, 2, FOREVER).map((notAfterMs) => ({ notAfterMs })),
      fc.constantFrom(undefined, new Uint8Array(16).fill(9)).map((nonce) => ({ nonce })),
    );
    const { grants } = sound(byCarol);
    await fc.assert(
      fc.property(
        fc.nat(3),
        change,
        fc.constantFrom(founder, bob, carol, key, dave),
        (place, fields, thief) => {
          const links = [...linksOf(byCarol)];
          const grant = grants[place];
          const link = links[place];
          const signer = signers[place];
          if (grant === undefined || link === undefined || signer === undefined)
            throw new Error('no such link');
          const changed = { ...grant, ...fields };
          const forged = signGrant(thief, changed, links[place - 1]);
          const isSame = equal(forged, link);
          // The old signature over new fields, and a new signature by anybody else, or by the same under what follows.
          links[place] = { ...link, body: forged.body };
          expect(checkProof(proofOf(links)).isSound).toBe(toText(forged.body) === toText(link.body));
          if (thief !== signer || place < 3) {
            links[place] = forged;
            expect(checkProof(proofOf(links)).isSound).toBe(isSame);
          }
        },
      ),
      { numRuns: 1_000 },
    );
  });

  it('lets an admin vouch for anybody, a member for own devices, and an invitation for members', () => {
    const roles = ['member', 'admin', 'invite'] as const;
    const allowed: string[] = [];
    for (const issuer of roles) {
      const byIssuer = granted(byFounder, founder, { userId: 'bob', device: bob, role: issuer });
      for (const userId of ['bob', 'carol'])
        for (const role of roles) {
          const proof = granted(byIssuer, bob, { userId, device: carol, role });
          if (checkProof(proof).isSound) allowed.push(`${issuer} bob -> ${role} ${userId}`);
        }
    }
    expect(allowed).toEqual([
      'member bob -> member bob',
      'admin bob -> member bob',
      'admin bob -> admin bob',
      'admin bob -> invite bob',
      'admin bob -> member carol',
      'admin bob -> admin carol',
      'admin bob -> invite carol',
      'invite bob -> member carol',
    ]);
  });

  it('lets an invitation speak for nobody who is in the chain already', () => {
    for (const userId of ['alice', 'bob'])
      expect(reasonOf(granted(invite, key, { userId, device: carol }))).toBe(
        `an invitation in it lets in ${userId}, who invited or let in who did`,
      );
    // An admin may: it is who decides.
    expect(reasonOf(granted(byBob, bob, { userId: 'alice', device: carol, role: 'admin' }))).toBe('sound');
    // Who came by an invitation lets in further devices of their own.
    expect(reasonOf(granted(byCarol, carol, { userId: 'carol', device: dave }))).toBe('sound');
  });

  it('says what is wrong', () => {
    const mallory = device(9);
    expect(reasonOf(new Uint8Array())).toBe('it cannot be read');
    expect(reasonOf(proofOf([]))).toBe('it is empty');
    expect(reasonOf(granted(byFounder, mallory, { userId: 'mallory', device: mallory }))).toBe(
      'a grant in it is not signed by the device before it',
    );
    expect(reasonOf(granted(byFounder, founder, { userId: 'bob', device: bob, groupId: 'work' }))).toBe(
      'it is of two groups',
    );
    expect(reasonOf(granted(invite, key, { userId: 'carol', device: carol, role: 'admin' }))).toBe(
      'bob may not let carol in as admin',
    );
    expect(reasonOf(proofOf(linksOf(byCarol).slice(1)))).toBe('a signature in it is wrong');
    const self = { groupId: 'friends', userId: 'mallory', deviceId: mallory.deviceId, notAfterMs: FOREVER };
    const nonce = new Uint8Array(16);
    for (const grant of [
      { ...self, role: 'member', memberEpoch: 0, nonce },
      { ...self, role: 'admin', memberEpoch: 1, nonce },
      { ...self, role: 'admin', memberEpoch: 0 },
      { ...self, role: 'admin', memberEpoch: 0, nonce, deviceId: bob.deviceId },
    ] as const)
      expect(reasonOf(proofOf([signGrant(mallory, grant, undefined)]))).toBe(
        'it does not begin with a founder',
      );
    const second = { ...self, role: 'admin', memberEpoch: 1, nonce } as const;
    expect(reasonOf(extendProof(byFounder, founder, second))).toBe(
      'a group in it was founded by somebody else',
    );
  });

  it('has 16 grants at most', () => {
    let proof = byFounder;
    for (let length = 2; length <= MAX_GRANTS; length += 1) {
      const issuer = length === 2 ? founder : device(20 + length - 1);
      const next = { userId: `admin ${length}`, device: device(20 + length), role: 'admin' } as const;
      proof = granted(proof, issuer, next);
      expect(sound(proof).grants).toHaveLength(length);
    }
    const last = device(20 + MAX_GRANTS);
    expect(() => granted(proof, last, { userId: 'x', device: bob })).toThrow('which is the most');
    const before = linksOf(proof).at(-1);
    const grant = { ...sound(proof).member, userId: 'x', deviceId: bob.deviceId };
    expect(reasonOf(proofOf([...linksOf(proof), signGrant(last, grant, before)]))).toBe('it cannot be read');
  });
});

describe('isRevoked', () => {
  /** Once more, as plainly as it can be said. */
  function model(grants: readonly Grant[], revoked: ReadonlyMap<number, number>): boolean {
    let isVoid = false;
    for (let at = 0; at < grants.length; at += 1) {
      const grant = grants[at];
      const epoch = revoked.get(grant?.deviceId[0] ?? -1);
      if (grant === undefined || epoch === undefined) continue;
      const isOld = grant.memberEpoch < epoch;
      const isLast = at === grants.length - 1;
      const next = grants[at + 1]?.memberEpoch ?? 0;
      if (isOld && isLast) isVoid = true;
      if (isOld && !isLast && next >= epoch + 1) isVoid = true;
    }
    return isVoid;
  }

  it('is as its model for any chain and any removals', async () => {
    const grant = fc.record({ id: fc.nat(3), memberEpoch: fc.nat(6) }).map(({ id, memberEpoch }): Grant => {
      const deviceId = new Uint8Array(32).fill(id);
      return { groupId: 'g', userId: 'u', deviceId, role: 'admin', memberEpoch, notAfterMs: 1 };
    });
    const removals = fc.array(fc.tuple(fc.nat(3), fc.nat(6))).map((pairs) => new Map(pairs));
    await fc.assert(
      fc.property(fc.array(grant, { minLength: 1, maxLength: 5 }), removals, (grants, revoked) => {
        const answer = isRevoked({ grants }, ({ deviceId }) => revoked.get(deviceId[0] ?? -1));
        expect(answer).toBe(model(grants, revoked));
      }),
      { numRuns: 2_000 },
    );
  });

  it('voids who was removed and what they sign later, and not whom they let in before', () => {
    const removed =
      (who: Uint8Array, epoch: number, whose?: string) =>
      ({ userId, deviceId }: Pick<Grant, 'userId' | 'deviceId'>) =>
        toText(deviceId) === toText(who) && userId === (whose ?? userId) ? epoch : undefined;
    const before = sound(byCarol);
    const later = sound(granted(byBob, bob, { userId: 'dave', device: dave, memberEpoch: 8 }));
    const itself = sound(granted(byBob, bob, { userId: 'bob', device: bob, memberEpoch: 7 }));
    const bobAt7 = removed(bob.deviceId, 7);
    expect(isRevoked(sound(byBob), bobAt7)).toBe(true);
    expect(isRevoked(before, bobAt7)).toBe(false);
    expect(isRevoked(later, bobAt7)).toBe(true);
    // Who gives up a role signs the new grant with the epoch of that change.
    expect(isRevoked(itself, bobAt7)).toBe(false);
    expect(isRevoked(before, removed(carol.deviceId, 6))).toBe(true);
    expect(isRevoked(before, removed(carol.deviceId, 5))).toBe(false);
    // Another user was removed on the same device.
    expect(isRevoked(before, removed(carol.deviceId, 6, 'dave'))).toBe(false);
    expect(isRevoked(before, () => undefined)).toBe(false);
  });
});

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

function equal(a: SignedGrant, b: SignedGrant): boolean {
  return toText(encode(signedGrantCodec, a)) === toText(encode(signedGrantCodec, b));
}
