/** What makes a tracker one of several, and the times that this takes. */
import { type Network, type PinnedAddress, whoToExpect } from '@minitorrent/rpc-core';
import { isSameDevice } from '@minitorrent/rpc-core/identity';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { Register } from '../register.ts';
import type { Timings } from '../replication/timings.ts';

export interface ClusterOptions {
  /** 16 bytes that all trackers of the cluster and its register were given; nobody else may know them. */
  readonly clusterId: Uint8Array;
  /** The other trackers; with their pins where the network proves who answers. */
  readonly peers: readonly PinnedAddress[];
  /** Decides who is primary. Without one nobody takes over by itself: a person has to `promote`. */
  readonly register?: Register;
  readonly timings?: Partial<Timings>;
}

/**
 * Throws a RangeError for options that no message could carry and for a tracker that is to follow itself, and `no_pin` where a
 * pin is missing.
 */
export function checkClusterOptions(
  { clusterId, peers }: ClusterOptions,
  { network, deviceId }: { readonly network: Network; readonly deviceId: Uint8Array },
): void {
  if (clusterId.length !== 16) {
    throw new RangeError(`Cannot make a cluster with an id of ${clusterId.length} bytes: expected 16`);
  }
  if (peers.length >= MESSAGE_LIMITS.trackers) {
    throw new RangeError(
      `Cannot make a cluster of ${peers.length + 1} trackers: expected ${MESSAGE_LIMITS.trackers} at most`,
    );
  }
  for (const peer of peers) {
    const { expect } = whoToExpect(network, peer);
    if (expect !== undefined && isSameDevice(expect, deviceId)) throw followsItself(peer);
  }
}

/** Found out later it would be taken for another one that runs on a copy. */
function followsItself({ host, port }: PinnedAddress): RangeError {
  return new RangeError(
    `Cannot make a cluster of a tracker and itself: ${host}:${port} was given with the device id of this one; ` +
      'name the others alone, or if another one runs there on a copy of this data folder, give that one an empty folder',
  );
}

/** A tracker's own part in its cluster, as its data folder remembers it. */
export interface Standing {
  /**
   * `fresh`: it has nothing, and takes what the cluster has. `own`: it has data that was made before it joined, so it may
   * begin a cluster and must not follow one. `member`: what it has is the cluster's.
   */
  readonly kind: 'fresh' | 'own' | 'member';
  /** Told when it became primary: what it has is the cluster's from now on. */
  readonly onMember: () => void;
}

export const CLUSTER_TIMES = {
  /** To connect to another tracker and to hear which one it is. */
  connectMs: 1_000,
  /** Where another device answers than the pin says, it is tried again so seldom: a person has to do something. */
  impostorMs: 10_000,
  /** One that knows the cluster's id and is none of it is told of so often. */
  strangerMs: 60_000,
  /** Calls in a row without an answer, after which a connection is given up: the cable may be cut. */
  silentCalls: 3,
  /** A forwarded change waits for both disks at most. */
  forwardMs: 3_000,
  /** A change waits so long for somebody to decide it: a failover takes less than 3 s, and callers wait 10. */
  patienceMs: 8_000,
  /** The same where only a person can end the waiting. */
  safeModePatienceMs: 1_500,
  /** How often a change that waits looks again, if nothing wakes it. */
  retryMs: 100,
  /** How long the answer to a forwarded change waits until it can be seen here, too. */
  shownMs: 2_000,
  /** How often the register is asked only to tell whether it answers. */
  registerProbeMs: 2_000,
  /** How long a tracker that ends waits for another one to take over: in a healthy pair it takes milliseconds. */
  handOverMs: 3_000,
} as const;
