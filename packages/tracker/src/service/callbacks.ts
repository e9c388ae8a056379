/**
 * What a tracker tells and asks the peers that are connected to it.
 *
 * A callback follows the answer of the call that caused it, which is why it is scheduled and not made at once. Nobody
 * waits for one: a peer that does not answer is written to the log, and learns the same from its next list. What was removed
 * is told at once, and follows nothing.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerLog } from '../log.ts';
import type { FileSignature } from '../membership/file-signature.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { FileDescriptor, PeerAddress } from '../messages.ts';
import type { WaitingRequest } from '../queries.ts';
import type { Session, Sessions } from './sessions.ts';

export interface CallbackParts {
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly limits: Pick<TrackerLimits, 'askAdminMs' | 'callbackMs'>;
  readonly log: TrackerLog;
}

/** What a peer needs to begin a download. */
export interface FileToMake {
  readonly groupId: string;
  readonly file: FileDescriptor;
  readonly sharedBy: string;
  readonly peers: readonly PeerAddress[];
  readonly signature: FileSignature | undefined;
  readonly sharer: Uint8Array | undefined;
}

export type Standing = 'member' | 'admin' | 'refused' | 'removed';
export interface AdminDecision {
  readonly decision: 'accept' | 'refuse' | 'undecided';
  readonly proofs?: readonly Uint8Array[] | undefined;
}

/** What a user is in a group now, by the journal entry `index`. */
export interface MembershipChange {
  readonly groupId: string;
  readonly standing: Standing;
  readonly index: number;
}

export interface DevicesRevoked {
  readonly groupId: string;
  readonly memberEpoch: number;
  /** Whose grants to these devices are void. */
  readonly userId: string;
  readonly deviceIds: readonly Uint8Array[];
}

export interface Callbacks {
  /**
   * After the answer of the present call: tells the session's peer where the pieces of a file are; nothing when it has
   * logged out by then, or when `find` no longer finds it.
   */
  makeFile(session: Session, find: () => FileToMake | undefined): void;
  /** After the answer of the present call: tells all peers of the user what the user is in the group now. */
  membershipChanged(userId: string, change: MembershipChange): void;
  /** At once: tells all peers of the users that devices were removed from the group at that epoch. */
  devicesRevoked(userIds: Iterable<string>, revoked: DevicesRevoked): void;
  /** Asks the session's peer about a join request; `undecided` when it gives no answer. */
  peerAuthentication(session: Session, request: WaitingRequest): Promise<AdminDecision>;
}

export function createCallbacks({ sessions, clock, limits, log }: CallbackParts): Callbacks {
  const { callbackMs: timeoutMs } = limits;

  function failed(method: string, { userId }: Session): (error: unknown) => void {
    return (error) => log({ kind: 'callback_failed', method, userId, error });
  }

  return {
    makeFile: (session, find) => {
      clock.schedule(0, () => {
        const found = sessions.find(session.connection) === session ? find() : undefined;
        if (found === undefined) return;
        session.peer.make_file(found, { timeoutMs }).catch(failed('make_file', session));
      });
    },
    membershipChanged: (userId, change) => {
      clock.schedule(0, () => {
        for (const session of sessions.ofUser(userId)) {
          const told = session.peer.membership_changed(change, { timeoutMs });
          told.catch(failed('membership_changed', session));
        }
      });
    },
    devicesRevoked: (userIds, revoked) => {
      const messages = chunked(revoked);
      for (const userId of userIds) {
        for (const session of sessions.ofUser(userId)) {
          for (const message of messages) {
            session.peer.devices_revoked(message, { timeoutMs }).catch(failed('devices_revoked', session));
          }
        }
      }
    },
    peerAuthentication: async (session, request) => {
      try {
        return await session.peer.peer_authentication(request, { timeoutMs: limits.askAdminMs });
      } catch (error) {
        failed('peer_authentication', session)(error);
        return { decision: 'undecided' };
      }
    },
  };
}

function chunked({ deviceIds, ...where }: DevicesRevoked): readonly DevicesRevoked[] {
  const size = MESSAGE_LIMITS.revocationsPerMessage;
  return Array.from({ length: Math.ceil(deviceIds.length / size) }, (_, at) => {
    return { ...where, deviceIds: deviceIds.slice(at * size, (at + 1) * size) };
  });
}
