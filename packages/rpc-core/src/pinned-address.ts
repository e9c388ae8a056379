/** Whom to expect at an address that was given with its pin, or without. */
import type { ConnectOptions, Network, PinnedAddress } from './channel.ts';
import { RpcError } from './errors.ts';
import { nameOf } from './expected-identity.ts';

/**
 * What to connect with: the pin of `address` where `network` proves who answers, and nothing where it does not. Throws
 * `no_pin` where a pin is needed and missing; whoever keeps addresses asks once before they are used.
 */
export function whoToExpect(
  network: Pick<Network, 'proves'>,
  address: PinnedAddress,
): Pick<ConnectOptions, 'expect'> {
  if (!network.proves) return {};
  if (address.pin !== undefined) return { expect: address.pin };
  throw new RpcError('no_pin', `Cannot connect to ${nameOf(address)}: it was given without its pin`);
}
