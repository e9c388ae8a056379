/** Opens the register of a witness on the system's clock. */
import type { Address, Clock, Network } from '@minitorrent/rpc-core';
import { createSystemClock } from '@minitorrent/rpc-core';
import { RemoteRegister, type WitnessRegister } from '../witness/remote-register.ts';

export interface WitnessRegisterOptions {
  readonly network: Network;
  /** Of the witness. */
  readonly address: Address;
  /** 16 bytes: what `initWitness` answered. */
  readonly clusterId: Uint8Array;
  /** The system's unless given. */
  readonly clock?: Clock;
}

/**
 * Connects with the first question, and again with the next one after a loss: a witness that is away is an everyday
 * outcome. Throws a RangeError for a cluster id that cannot be one.
 */
export function openWitnessRegister(options: WitnessRegisterOptions): WitnessRegister {
  return new RemoteRegister({ ...options, clock: options.clock ?? createSystemClock() });
}
