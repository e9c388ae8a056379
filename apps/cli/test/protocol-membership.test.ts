/**
 * What `PROTOCOL.md` says of what devices sign, against the code: statements, proofs, stamps, signatures of files, codes of
 * invitations and links. The values are read by the document's own layouts, and checked by the packages.
 */
import { parseDeviceId, signStatement, verifyStatement } from '@minitorrent/rpc-core/identity';
import {
  checkProof,
  decodeGrant,
  type FileDescriptor,
  type Grant,
  groupKeyOf,
  isRevoked,
  isSignedFile,
  readInvitation,
  readStamp,
  signFile,
  writeInvitation,
} from '@minitorrent/tracker/contract';
import { decode, encode } from '@minitorrent/wire-codec';
import { describe, expect, it } from 'vitest';
import { formatInvitationLink, parseInvitationLink } from '../src/places/invitation-link.ts';
import { blocks, entries, partsOf, wholeText } from './protocol/document.ts';
import { readLayouts, readType } from './protocol/layout.ts';
import { alice, aliceProof, bob, bobProof, printed, stampOf, tracker } from './protocol/people.ts';
import { fromHex, toHex } from './protocol/values.ts';

const layouts = readLayouts(
  blocks('layout')
    .map(({ text }) => text)
    .join('\n'),
);

describe('what PROTOCOL.md says of statements', () => {
  it.each(entries('statement').map(partsOf))('$left states $middle', ({ middle, hex }) => {
    const [domain = '', statement = ''] = middle.split(' : ');
    expect(toHex(signStatement(alice, domain, fromHex(statement)))).toBe(hex);
    expect(verifyStatement(alice.publicKey, domain, fromHex(statement), fromHex(hex))).toBe(true);
  });
});

describe('what PROTOCOL.md says of proofs and stamps', () => {
  it('its proofs are sound, and of one group', () => {
    const proofs = [aliceProof, bobProof].map(checkProof);
    const groupKey = /the group key is `([0-9a-f]{64})`/.exec(wholeText())?.[1];
    expect(proofs.map((proof) => proof.isSound && toHex(proof.groupKey))).toEqual([groupKey, groupKey]);
    expect(proofs.map((proof) => proof.isSound && toHex(proof.member.deviceId))).toEqual([
      toHex(alice.deviceId),
      toHex(bob.deviceId),
    ]);
  });

  it.each(entries('unsound').map(partsOf))('it is not sound: $left', ({ hex }) => {
    expect(checkProof(fromHex(hex))).toEqual({ isSound: false, reason: expect.any(String) });
    // It can be read all the same.
    expect(
      toHex(encode(readType('Grants', layouts), decode(readType('Grants', layouts), fromHex(hex)))),
    ).toBe(hex);
  });

  it.each(entries('revocation'))('%s', (entry) => {
    const [proof = '', revocation = '', verdict] = entry.split(/ [/:] /);
    const grants = proof.split(', ').map(grantTo);
    const { userId, memberEpoch } = grantTo(revocation);
    const isVoid = isRevoked({ grants }, (grant) => (grant.userId === userId ? memberEpoch : undefined));
    expect(isVoid ? 'void' : 'good').toBe(verdict);
  });

  it('its grants are the bodies in them, and say the same to the code', () => {
    const bodies = printed('Grant');
    expect(bodies.map(toHexOf)).toEqual(bodiesOf(bobProof).map(toHexOf));
    for (const body of bodies) expect(decodeGrant(body)).toEqual(decode(readType('Grant', layouts), body));
  });

  it('its stamp is signed by its tracker, and says the same to the code', () => {
    const [signed = new Uint8Array()] = printed('SignedStamp');
    const [text = new Uint8Array()] = printed('StampText');
    const stamp = decode(readType('StampText', layouts), text);
    expect(readStamp(signed)).toEqual({ stamp, trackerId: tracker.deviceId });
    expect(toHex(stampOf('bob', bob))).toBe(toHex(signed));
  });

  it('its signature is of its file, by alice, and of no other', () => {
    const [text = new Uint8Array()] = printed('SharedFileText');
    const [signature = new Uint8Array()] = printed('FileSignature');
    // Read by the document's layout of the two.
    const claim = decode(readType('SharedFileText', layouts), text) as Claim;
    const mine = signFile(alice, claim);
    expect(toHex(encode(readType('FileSignature', layouts), mine))).toBe(toHex(signature));
    expect(isSignedFile(claim, mine)).toBe(true);
    expect(isSignedFile({ ...claim, userId: 'bob' }, mine)).toBe(false);
  });
});

describe('what PROTOCOL.md says of invitations and links', () => {
  it.each(entries('invitation').map(partsOf))('the code $middle', ({ left, middle, hex }) => {
    const [secret = new Uint8Array(), groupKey = new Uint8Array()] = left.split(' / ').map(fromHex);
    expect(writeInvitation(secret, groupKey)).toBe(middle);
    const { key, groupKeyStart } = readInvitation(middle);
    expect(toHex(key.deviceId)).toBe(hex);
    expect(toHex(groupKeyStart)).toBe(toHex(groupKeyOf(aliceProof) ?? new Uint8Array()).slice(0, 32));
  });

  it.each(entries('link').map((entry) => entry.split(' : ')))('the link %s', (wrapped = '', list = '') => {
    const link = wrapped.replaceAll(' ', '');
    const places = list.split(', ').map((text) => {
      const [host = '', port, pin = ''] = text.trim().split(' ');
      return { host, port: Number(port), pin: fromHex(pin) };
    });
    expect(parseInvitationLink(link)).toEqual(places);
    expect(formatInvitationLink(places)).toBe(link);
    expect(toHex(parseDeviceId(link.slice(link.lastIndexOf(',') + 1)))).toBe(toHex(bob.deviceId));
  });
});

interface Claim {
  readonly groupId: string;
  readonly userId: string;
  readonly file: FileDescriptor;
}

/** `bob 3`: to a device that is called so here, at that epoch. */
function grantTo(text: string): Grant {
  const [userId = '', memberEpoch] = text.split(' ');
  const deviceId = new TextEncoder().encode(userId);
  return {
    groupId: 'friends',
    userId,
    deviceId,
    role: 'admin',
    memberEpoch: Number(memberEpoch),
    notAfterMs: 1,
  };
}

/** The bodies of the grants of a proof, by the document's layout. */
function bodiesOf(proof: Uint8Array): readonly Uint8Array[] {
  // Read by the document's layout of grants.
  const grants = decode(readType('Grants', layouts), proof) as readonly { readonly body: Uint8Array }[];
  return grants.map(({ body }) => body);
}

function toHexOf(bytes: Uint8Array): string {
  return toHex(bytes);
}
