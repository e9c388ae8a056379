/**
 * Tells a change of membership that is new from one that another tracker has told of already.
 *
 * Every tracker of a cluster tells of every change, under the index of the journal entry with it, and these rise. So what
 * comes with an index that is no higher than the last one of its group is known, or is older than what is known.
 */
import { RecentMap } from './recent-map.ts';

/** More than the groups of one user; a group that is forgotten is told of twice at worst. */
const REMEMBERED_GROUPS = 1_024;

export class MembershipNews {
  readonly #last = new RecentMap<string, number>(REMEMBERED_GROUPS);

  /** Whether this is the first that is heard of the change. */
  isNew({ groupId, index }: { readonly groupId: string; readonly index: number }): boolean {
    const last = this.#last.get(groupId);
    if (last !== undefined && index <= last) return false;
    this.#last.set(groupId, index);
    return true;
  }

  /** Whoever is told from now on is somebody else, or hears of another journal. */
  clear(): void {
    this.#last.clear();
  }
}
