/** Asks which device answers at an address, and nothing else. */
import type { Clock, PinnedAddress } from '@minitorrent/rpc-core';
import { withPatience } from '../patience.ts';

/**
 * The device id of who answers. Fails with `wrong_identity` where it is not the one of the pin, with `connect_failed`,
 * `connect_timeout` and `handshake_failed` where nobody proves who it is.
 */
export type WhoAnswers = (
  place: PinnedAddress,
  clock: Clock,
  options?: { readonly signal?: AbortSignal },
) => Promise<Uint8Array>;

/** Asks over TLS, as a device that nobody knows. */
export const whoAnswers: WhoAnswers = async ({ pin, ...address }, clock, options) => {
  const { createIdentity, createTlsNetwork } = await import('@minitorrent/rpc-core/tls');
  const network = createTlsNetwork({ identity: createIdentity(), clock });
  const expected = pin === undefined ? {} : { expect: pin };
  const channel = await withPatience(address, clock, (signal) => {
    const either = options?.signal === undefined ? signal : AbortSignal.any([signal, options.signal]);
    return network.connect(address, { signal: either, ...expected });
  });
  channel.destroy();
  const { remoteIdentity } = channel.info;
  if (remoteIdentity === undefined) throw new TypeError('Expected a network that proves who answers');
  return remoteIdentity;
};
