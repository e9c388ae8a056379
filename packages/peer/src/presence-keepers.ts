/**
 * Which trackers keep the presence of a group, of those that live: the first two of the order on which all peers agree.
 *
 * It remembers the orders that it worked out, for a bounded number of groups.
 */
import { PRESENCE_COPIES, rendezvousOrder } from '@minitorrent/tracker/contract';
import { RecentMap } from './recent-map.ts';

/** More than the groups of one user. */
const REMEMBERED_GROUPS = 1_024;

export class PresenceKeepers<Tracker> {
  readonly #trackers: ReadonlyMap<string, Tracker>;
  readonly #orders = new RecentMap<string, readonly string[]>(REMEMBERED_GROUPS);

  /** By name: what every peer of the groups calls them. */
  constructor(trackers: ReadonlyMap<string, Tracker>) {
    this.#trackers = trackers;
  }

  of(groupId: string, isLive: (tracker: Tracker) => boolean): Tracker[] {
    return this.#order(groupId)
      .flatMap((name) => this.#trackers.get(name) ?? [])
      .filter(isLive)
      .slice(0, PRESENCE_COPIES);
  }

  #order(groupId: string): readonly string[] {
    const known = this.#orders.get(groupId);
    if (known !== undefined) return known;
    const order = rendezvousOrder(groupId, [...this.#trackers.keys()]);
    this.#orders.set(groupId, order);
    return order;
  }
}
