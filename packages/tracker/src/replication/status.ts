/** What a tracker of a cluster tells of itself and of the others, for those who watch over it. */
import type { Config, StoreId } from '../register.ts';
import type { Member } from './member.ts';
import type { ReplicationRole } from './role.ts';

/** For `tracker status`. */
export interface ReplicationStatus {
  readonly role: ReplicationRole;
  readonly config: Config;
  readonly storeId: StoreId;
  /** Why the role or the config last changed. */
  readonly reason: string;
  readonly changedAtMs: number;
  /** When another store became primary, so far as this process saw it, and why. */
  readonly lastTakeover: Takeover | undefined;
  readonly headIndex: number;
  readonly committedIndex: number;
  readonly peers: readonly PeerStatus[];
}

export interface Takeover {
  readonly epoch: number;
  readonly atMs: number;
  readonly reason: string;
}

export interface PeerStatus {
  readonly name: string;
  readonly storeId: StoreId | undefined;
  readonly isInSync: boolean;
  /** Entries that it lacks; known to a primary. */
  readonly lag: number | undefined;
  readonly heardMsAgo: number;
}

/** What `member` knows, at the time `nowMs` of its clock. */
export function statusOf(
  member: Member,
  nowMs: number,
  told: Pick<ReplicationStatus, 'role' | 'changedAtMs' | 'lastTakeover'>,
): ReplicationStatus {
  const { config, self, reason, window, committed, peers, isLeading } = member;
  return {
    ...told,
    config,
    storeId: self,
    reason,
    headIndex: window.head.index,
    committedIndex: committed,
    peers: peers.all.map(({ name, storeId, matched, heardAtMs }) => ({
      name,
      storeId,
      isInSync: storeId !== undefined && config.inSync.includes(storeId),
      lag: isLeading ? window.head.index - matched : undefined,
      heardMsAgo: nowMs - heardAtMs,
    })),
  };
}
