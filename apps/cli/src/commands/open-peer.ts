/**
 * Makes the real peer: the one place of the command line that chooses network, clock and randomness for it.
 */
import type { Peer } from '@minitorrent/peer';
import type { Address, Clock } from '@minitorrent/rpc-core';
import type { PinnedPlace } from '../places/place.ts';
import type { WhoAnswers } from '../places/who-answers.ts';

/** What the user decides about a peer. */
export interface PeerSettings {
  readonly trackers: readonly PinnedPlace[];
  readonly listen: Address;
  readonly dataFolder: string;
  readonly downloadFolder: string;
  readonly clock: Clock;
}

/** Makes a peer; tests make another one. */
export type OpenPeer = (settings: PeerSettings) => Promise<Peer>;

/** What a peer on the command line needs of the world; tests have others. */
export interface PeerTools {
  readonly openPeer: OpenPeer;
  readonly whoAnswers: WhoAnswers;
}
