/**
 * The state as it is at one moment, to be read bit by bit while writes go on.
 *
 * What affects that nothing later shows:
 * - users, members, requests, files and done requests are replaced and never changed, so a list of them is a copy;
 * - a group changes in place. One that is about to is copied first (`beforeChange`), unless it was read already;
 * - who comes later is in none of the lists.
 *
 * It costs the lists at once, a few milliseconds for 100,000 users, and later a copy of every group that changes.
 */
import { deviceIdOf, userIdOf } from './device-key.ts';
import { fromHex } from './hex.ts';
import type { JournalPosition } from './messages.ts';
import type { DoneRequest, Group, TrackerState, User } from './model.ts';
import type { KeptRequest } from './snapshot-codec.ts';
import type { FlatGroup, Revocation } from './state.ts';

export class FrozenState implements Disposable {
  readonly position: JournalPosition;
  readonly users: readonly User[];
  readonly doneRequests: readonly DoneRequest[];
  /** In hexadecimal, those of `doneRequests`. */
  readonly #requestIds: readonly string[];
  readonly #groups: readonly Group[];
  readonly #unread: Set<Group>;
  readonly #copies = new Map<Group, FlatGroup>();
  readonly #release: () => void;

  /** Has to be released, or every change of a group goes on making copies. */
  constructor(state: TrackerState) {
    this.position = state.position;
    this.users = [...state.users.values()];
    this.doneRequests = [...state.doneRequests.values()];
    this.#requestIds = [...state.doneRequests.keys()];
    this.#groups = [...state.groups.values()];
    this.#unread = new Set(this.#groups);
    const copy = (group: Group): void => {
      if (this.#unread.delete(group)) this.#copies.set(group, flatten(group));
    };
    state.beforeChange.add(copy);
    this.#release = () => state.beforeChange.delete(copy);
  }

  get groupCount(): number {
    return this.#groups.length;
  }

  /** Each as it was; to be gone through once. */
  *groups(): Generator<FlatGroup> {
    for (const group of this.#groups) {
      yield this.#unread.delete(group) ? flatten(group) : this.#copyOf(group);
    }
  }

  /** The done requests with their ids. */
  *keptRequests(): Generator<KeptRequest> {
    for (const [at, done] of this.doneRequests.entries()) {
      yield { requestId: fromHex(this.#requestIds[at] ?? ''), ...done };
    }
  }

  /** Idempotent. */
  release(): void {
    this.#release();
  }

  [Symbol.dispose](): void {
    this.release();
  }

  #copyOf(group: Group): FlatGroup {
    const copy = this.#copies.get(group);
    if (copy === undefined) throw new TypeError('Cannot go through the groups of a frozen state twice');
    this.#copies.delete(group);
    return copy;
  }
}

function flatten(group: Group): FlatGroup {
  const { groupId, createdAtMs, groupKey, memberEpoch, forgottenEpoch } = group;
  return {
    groupId,
    createdAtMs,
    groupKey,
    memberEpoch,
    forgottenEpoch,
    members: [...group.members.values()],
    grants: [...group.grants.values()],
    revoked: revocationsOf(group),
    invitations: [...group.invitations.values()],
    joinRequests: [...group.joinRequests.values()],
    files: [...group.files.values()],
  };
}

/** The latest last. */
export function revocationsOf({ revoked }: Pick<Group, 'revoked'>): readonly Revocation[] {
  return Array.from(revoked, ([key, memberEpoch]) => ({
    userId: userIdOf(key),
    deviceId: deviceIdOf(key),
    memberEpoch,
  }));
}
