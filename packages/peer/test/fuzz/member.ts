/** A member of the group, who attacks its peers from the inside. */
import { randomBytes } from 'node:crypto';
import { createConnection, createSystemClock } from '@minitorrent/rpc-core';
import { createTlsNetwork, type Identity } from '@minitorrent/rpc-core/tls';
import { encode } from '@minitorrent/wire-codec';
import { peerContract, trackerContract } from './corpus.ts';
import type { Target } from './orders.ts';

export interface Member extends AsyncDisposable {
  /** The body of a `present_membership` that a peer believes. */
  presentation(): Promise<Uint8Array>;
}

const GROUP = 'films';
const PASSWORD = 'correct horse battery';
/** A stamp is good for ten minutes. */
const FRESH_MS = 4 * 60_000;
const JOIN_MS = 20_000;

/** Asks to join, and waits until the admin's peer has let the device in. */
export async function joinAsMember(tracker: Target, identity: Identity): Promise<Member> {
  const channel = await createTlsNetwork({ identity }).connect(tracker.address, { expect: tracker.pin });
  const connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
  const client = connection.client(trackerContract);
  const account = { userId: 'mallory', password: PASSWORD };
  await client.create_user({ ...account, requestId: randomBytes(16) });
  await client.login({ ...account, deviceId: identity.deviceId });
  await client.join_group({ requestId: randomBytes(16), groupId: GROUP, proof: undefined });
  let body: Uint8Array | undefined;
  let madeAt = 0;

  async function ask(): Promise<Uint8Array | undefined> {
    const { stamps } = await client.group_stamps({ groups: [GROUP] });
    const membership = stamps[0]?.membership;
    if (membership === undefined) return undefined;
    const request = peerContract.methods.present_membership.request.codec;
    return encode(request, { groupId: GROUP, ...membership }).slice();
  }

  async function presentation(): Promise<Uint8Array> {
    if (body !== undefined && performance.now() - madeAt < FRESH_MS) return body;
    const startedAt = performance.now();
    for (;;) {
      body = await ask();
      madeAt = performance.now();
      if (body !== undefined) return body;
      if (madeAt - startedAt > JOIN_MS) throw new Error('The attacker is not let into the group');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  await presentation();
  return { presentation, [Symbol.asyncDispose]: () => connection.close() };
}
