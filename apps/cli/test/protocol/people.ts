/** The devices of the vectors of `PROTOCOL.md`, and what they show to be let into the group there. */
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { groupKeyOf, signStamp } from '@minitorrent/tracker/contract';
import { entries, partsOf } from './document.ts';
import { fromHex } from './values.ts';

const NOTHING = new Uint8Array();

/** Their secret keys are those of RFC 8032, section 7.1. */
export const alice: Identity = deviceOf('9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60');
export const bob: Identity = deviceOf('4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb');
export const tracker: Identity = deviceOf('c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7');

/** As the document prints them: alice's, who founded the group, and bob's, whom she let in. */
export const [aliceProof = NOTHING, bobProof = NOTHING] = printed('Grants');

/** What the tracker says of a user on a device. */
export function stampOf(userId: string, { deviceId }: Pick<Identity, 'deviceId'>): Uint8Array {
  const groupKey = groupKeyOf(aliceProof);
  if (groupKey === undefined) throw new Error('PROTOCOL.md has no proof of alice');
  const stamp = { groupKey, userId, deviceId, memberEpoch: 4, notAfterMs: 1_700_000_600_000 };
  return signStamp(tracker, stamp).slice();
}

/** The bytes of the vectors of that layout. */
export function printed(layout: string): readonly Uint8Array[] {
  const found = entries('vector').map(partsOf);
  return found.filter(({ left }) => left === layout).map(({ hex }) => fromHex(hex));
}

function deviceOf(secretKey: string): Identity {
  return createIdentity({ seed: fromHex(secretKey) });
}
