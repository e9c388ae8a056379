/**
 * Places as people write them: an address and, behind `#`, the device id of who must answer there (its pin), as in
 * `tracker.example:7700#MFRGGZD-...`. Lists have commas.
 */
import type { Address, PinnedAddress } from '@minitorrent/rpc-core';
import { formatDeviceId, isSameDevice, parseDeviceId } from '@minitorrent/rpc-core/identity';
import { formatAddress, parseAddress } from '../address.ts';
import { CliError } from '../cli-error.ts';

/** An address, and who must answer there. */
export interface PinnedPlace extends Address {
  readonly pin: Uint8Array;
}

/** Parses one place; without a port it gets `defaultPort`. Fails with `bad_address` and `bad_device_id`. */
export function parsePlace(text: string, options: { readonly defaultPort: number }): PinnedAddress {
  const [address = '', ...pin] = text.split('#');
  const place = parseAddress(address.trim(), options);
  return pin.length === 0 ? place : { ...place, pin: parseDeviceId(pin.join('#')) };
}

/** Parses places separated by commas; at least one. Fails with `bad_address` and `bad_device_id`. */
export function parsePlaces(text: string, options: { readonly defaultPort: number }): PinnedAddress[] {
  return text.split(',').map((part) => parsePlace(part, options));
}

/** The place as `parsePlace` reads it. */
export function formatPlace(place: PinnedAddress): string {
  const address = formatAddress(place);
  return place.pin === undefined ? address : `${address}#${formatDeviceId(place.pin)}`;
}

/** The place with its pin. Fails with `no_pin`, and says whose id is missing: of `role`. */
export function requirePin(place: PinnedAddress, role: 'tracker' | 'witness'): PinnedPlace {
  const { pin } = place;
  if (pin !== undefined) return { ...place, pin };
  const address = formatAddress(place);
  throw new CliError(
    'no_pin',
    `Cannot tell which ${role} has to answer at ${address}: its id is not written behind it`,
  );
}

/** Device ids separated by commas; at least one. Fails with `bad_device_id`. */
export function parseDeviceIds(text: string): Uint8Array[] {
  return text.split(',').map((part) => parseDeviceId(part));
}

/** Whether two addresses are written alike. Names are not looked up. */
export function isSameAddress(a: Address, b: Address): boolean {
  return a.port === b.port && a.host.toLowerCase() === b.host.toLowerCase();
}

/** Whether the same device has to answer at both. */
export function isSamePin(a: PinnedPlace, b: PinnedPlace): boolean {
  return isSameDevice(a.pin, b.pin);
}
