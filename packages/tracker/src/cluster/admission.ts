/**
 * Whether who asks is another tracker of the cluster.
 *
 * The cluster's id is a secret that many people may have seen; the keys of the trackers never leave them. So where the
 * network proves who asks, both are needed, and whoever has only the id is told nothing, but a person is.
 */
import type { ChannelInfo, Clock, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { formatDeviceId, isSameDevice } from '@minitorrent/rpc-core/identity';
import { CLUSTER_TIMES } from './options.ts';

export interface AdmissionOptions {
  readonly network: Pick<Network, 'proves'>;
  readonly clock: Clock;
  /** The other trackers. */
  readonly pins: readonly Pick<PinnedAddress, 'pin'>[];
  readonly onFault: (reason: string) => void;
}

export class Admission {
  readonly #options: AdmissionOptions;
  #toldAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: AdmissionOptions) {
    this.#options = options;
  }

  admits({ remoteIdentity }: ChannelInfo): boolean {
    const { network, pins } = this.#options;
    if (!network.proves) return true;
    if (remoteIdentity === undefined) return false;
    return pins.some(({ pin }) => pin !== undefined && isSameDevice(pin, remoteIdentity));
  }

  /** Of one that is not admitted and knows the cluster's id. Not of each, or they would push other faults out. */
  tellOf({ remote, remoteIdentity }: ChannelInfo): void {
    const { clock, onFault } = this.#options;
    if (clock.now() - this.#toldAtMs < CLUSTER_TIMES.strangerMs) return;
    this.#toldAtMs = clock.now();
    const who = remoteIdentity === undefined ? 'unknown' : formatDeviceId(remoteIdentity);
    onFault(
      `Somebody at ${remote.host} knows the id of this cluster and is none of its trackers: their device id is ${who}; ` +
        'if it is a tracker with a new key, start this one with that pin, else give the cluster a new id',
    );
  }
}
