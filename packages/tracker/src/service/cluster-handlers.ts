/**
 * Serves `sync`, `forward`, `tracker_status` and `promote`: what other trackers of the cluster ask, and who runs them.
 *
 * The journal holds every user's password hash, so nobody gets it who does not know the cluster's id, unless the operator
 * lets them have it (`allowSync`). A caller who knows the id is no stranger: large messages are taken from it. Where the
 * network proves who calls, `sync` and `forward` are for the devices of the other trackers alone; what an operator asks
 * takes the id.
 */
import { timingSafeEqual } from 'node:crypto';
import type { Connection, Handlers } from '@minitorrent/rpc-core';
import type { ClusterAuthority } from '../cluster/cluster-authority.ts';
import type { ClusterMember } from '../cluster/cluster-member.ts';
import type { trackerContract } from '../contract.ts';
import { TrackerError } from '../errors.ts';
import type { Ledger } from '../ledger.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { SyncAnswer, SyncRequest, TrackerStatus } from '../messages.ts';

type ClusterHandlers = Pick<
  Handlers<typeof trackerContract>,
  'forward' | 'promote' | 'sync' | 'tracker_status'
>;

/** What surrounds an entry in the answer, and the answer. */
const OVERHEAD_BYTES = 4;
const ANSWER_BYTES = MESSAGE_LIMITS.syncBytes - MESSAGE_LIMITS.entriesPerSync * OVERHEAD_BYTES - 1024;

/** Whether the other end of a connection may read the journal. */
export type AllowSync = (connection: Connection) => boolean;

export interface ClusterHandlerParts {
  readonly ledger: Ledger;
  readonly allowSync: AllowSync;
  readonly status: () => TrackerStatus;
  /** Undefined for a tracker that is not one of several. */
  readonly cluster:
    | { readonly id: Uint8Array; readonly member: ClusterMember; readonly authority: ClusterAuthority }
    | undefined;
}

export function createClusterHandlers({
  ledger,
  allowSync,
  status,
  cluster,
}: ClusterHandlerParts): ClusterHandlers {
  /** Fails with `wrong_cluster`, and with `not_allowed` where there is no cluster. */
  function requireCluster(clusterId: Uint8Array, connection: Connection): NonNullable<typeof cluster> {
    if (cluster === undefined) {
      throw new TrackerError(
        'not_allowed',
        'This tracker stands alone; start it with --join to make it one of several',
      );
    }
    if (!timingSafeEqual(clusterId, cluster.id)) {
      throw new TrackerError(
        'wrong_cluster',
        'This tracker belongs to another cluster; check the address and the cluster id',
      );
    }
    connection.authenticate();
    return cluster;
  }

  /** Fails with `not_allowed` for everybody else, whether they know the cluster's id or not, and does not let them notice. */
  function requireTracker(clusterId: Uint8Array, connection: Connection): NonNullable<typeof cluster> {
    if (cluster === undefined || cluster.member.admits(connection.remote))
      return requireCluster(clusterId, connection);
    if (timingSafeEqual(clusterId, cluster.id)) cluster.member.strangerKnewId(connection.remote);
    throw new TrackerError('not_allowed', 'This is for the trackers of the cluster only');
  }

  /** The plain form: a reader of the journal that is no member. */
  async function readJournal(
    { position, entries }: SyncRequest,
    connection: Connection,
  ): Promise<SyncAnswer> {
    if (!allowSync(connection)) {
      throw new TrackerError('not_allowed', 'This tracker does not give its journal to you');
    }
    if (entries.length > 0) {
      throw new TrackerError('not_allowed', 'This tracker takes entries from trackers of its cluster only');
    }
    const limits = { entries: MESSAGE_LIMITS.entriesPerSync, bytes: ANSWER_BYTES };
    const { head, records } = await ledger.entriesAfter(position, limits);
    return { head, entries: records.map((record) => record.bytes), member: undefined };
  }

  return {
    sync: async (request, { connection }) => {
      if (request.member === undefined) return readJournal(request, connection);
      return requireTracker(request.member.clusterId, connection).member.sync(request, connection.remote);
    },

    forward: async ({ clusterId, requestId, change }, { connection }) => {
      const { authority } = requireTracker(clusterId, connection);
      return await authority.executeHere(change, requestId);
    },

    tracker_status: async ({ clusterId }, { connection }) => {
      // A tracker that stands alone has nothing to tell that is worth hiding.
      if (cluster !== undefined) requireCluster(clusterId, connection);
      return status();
    },

    promote: async ({ clusterId }, { connection }) => {
      requireCluster(clusterId, connection).member.promote();
      return {};
    },
  };
}
