/**
 * The keys of a run: each process has one that follows from its name and a secret of the run, so that all can be told of
 * each other's pins before the first one starts, and none gets another key with a new disk.
 */
import { createHash, randomBytes } from 'node:crypto';
import type { Address, PinnedAddress } from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { fromHex, toHex } from '../../src/hex.ts';
import type { Place } from './cables.ts';

/** An address and the device id of who must answer there, hexadecimal. */
export interface PinnedPlace extends Address {
  readonly pin: string;
}

export class Keys {
  readonly #secret: Uint8Array = randomBytes(32);

  /** What `identityFrom` makes the key of that process of. */
  seedOf(place: Place): string {
    return createHash('sha256').update(this.#secret).update(place).digest('hex');
  }

  identityOf(place: Place): Identity {
    return identityFrom(this.seedOf(place));
  }

  pinOf(place: Place): string {
    return toHex(this.identityOf(place).deviceId);
  }
}

export function identityFrom(seed: string): Identity {
  return createIdentity({ seed: fromHex(seed) });
}

export function pinnedAddress({ host, port, pin }: PinnedPlace): PinnedAddress {
  return { host, port, pin: fromHex(pin) };
}
