/** Opens the register of a witness on the system's clock. */
import type { Clock, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { createSystemClock } from '@minitorrent/rpc-core';
import { RemoteRegister, type WitnessRegister } from '../witness/remote-register.ts';

export interface WitnessRegisterOptions {
  readonly network: Network;
  /** Of the witness; with its pin where the network proves who answers. */
  readonly address: PinnedAddress;
  /** 16 bytes: what `initWitness` answered. */
  readonly clusterId: Uint8Array;
  /** The system's unless given. */
  readonly clock?: Clock;
}

/**
 * Connects with the first question, and again with the next one after a loss: a witness that is away is an everyday
 * outcome. Throws a RangeError for a cluster id that cannot be one, and an `RpcError` `no_pin`.
 */
export function openWitnessRegister(options: WitnessRegisterOptions): WitnessRegister {
  return new RemoteRegister({ ...options, clock: options.clock ?? createSystemClock() });
}
