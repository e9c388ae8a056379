/**
 * Makes the real peer: the one place of the command line that chooses network, clock and randomness for it.
 */
import type { Peer } from '@minitorrent/peer';
import type { Address, Clock } from '@minitorrent/rpc-core';

/** What the user decides about a peer. */
export interface PeerSettings {
  readonly trackers: readonly Address[];
  readonly listen: Address;
  readonly dataFolder: string;
  readonly downloadFolder: string;
  readonly clock: Clock;
}

/** Makes a peer; tests make another one. */
export type OpenPeer = (settings: PeerSettings) => Promise<Peer>;
