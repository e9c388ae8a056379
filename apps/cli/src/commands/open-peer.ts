/**
 * Makes the real peer: the one place of the command line that chooses network, clock and randomness for it.
 */
import type { Peer, TransferPlan } from '@minitorrent/peer';
import type { Address, Clock } from '@minitorrent/rpc-core';
import type { PinnedPlace } from '../places/place.ts';
import type { WhoAnswers } from '../places/who-answers.ts';

/** What the user decides about a peer. */
export interface PeerSettings {
  readonly trackers: readonly PinnedPlace[];
  readonly listen: Address;
  readonly dataFolder: string;
  readonly downloadFolder: string;
  /** How fast it may send and receive. */
  readonly limits: TransferPlan;
  /** How much longer members are known as such while no tracker can be reached; the peer's default where undefined. */
  readonly membershipGraceMs: number | undefined;
  /** For the user's list of devices; the machine's name where undefined. */
  readonly deviceName: string | undefined;
  readonly clock: Clock;
}

/** Makes a peer; tests make another one. */
export type OpenPeer = (settings: PeerSettings) => Promise<Peer>;

/** What a peer on the command line needs of the world; tests have others. */
export interface PeerTools {
  readonly openPeer: OpenPeer;
  readonly whoAnswers: WhoAnswers;
}
