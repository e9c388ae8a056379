/**
 * Tells the trackers what this peer has: of each group's files those trackers that keep its presence.
 *
 * Which trackers those are changes when one is lost or comes back, so all announce again then: one that came back at once,
 * the others within a while and by lot, so that not every peer does it in the same moment.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { AnnouncedFile, PeerAddress } from '@minitorrent/tracker/contract';
import { Announcer } from './announcer.ts';
import type { TrackerLink } from './tracker-link.ts';
import type { TrackerLinks } from './tracker-links.ts';

/** Within this time the other trackers hear what the lost one knew. Most of them know it already. */
const SPREAD_MS = 2_000;

export interface AnnouncersOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly links: TrackerLinks;
  /** Where this peer listens. */
  readonly port: number;
  /** What is to be announced now; undefined while nobody is logged in. */
  files(): readonly AnnouncedFile[] | undefined;
  onPeers(groupId: string, root: Uint8Array, peers: readonly PeerAddress[]): void;
}

export class Announcers {
  readonly #options: AnnouncersOptions;
  readonly #announcers: ReadonlyMap<TrackerLink, Announcer>;
  readonly #unwatch: () => void;
  #live: ReadonlySet<TrackerLink> = new Set();

  constructor(options: AnnouncersOptions) {
    const { clock, links, port, onPeers } = options;
    this.#options = options;
    this.#announcers = new Map(
      links.links.map((link) => {
        const files = (): readonly AnnouncedFile[] | undefined => this.#filesFor(link);
        return [link, new Announcer({ clock, link, port, files, onPeers })];
      }),
    );
    this.#unwatch = links.watch(() => this.#linksChanged());
  }

  /** Something changed, or more peers are wanted: announces soon. */
  nudge(): void {
    for (const announcer of this.#announcers.values()) announcer.nudge();
  }

  /** Announces soon; resolves when every tracker that can be reached was told, or could not be. */
  async flush(): Promise<void> {
    const live = [...this.#announcers].filter(([link]) => link.isLive);
    await Promise.all(live.map(([, announcer]) => announcer.flush()));
  }

  /** Stops announcing. Idempotent. */
  async close(): Promise<void> {
    this.#unwatch();
    await Promise.all([...this.#announcers.values()].map((announcer) => announcer.close()));
  }

  #filesFor(link: TrackerLink): readonly AnnouncedFile[] | undefined {
    const { links, files } = this.#options;
    return files()?.filter(({ groupId }) => links.keepersOf(groupId).includes(link));
  }

  #linksChanged(): void {
    const before = this.#live;
    const live = new Set([...this.#announcers.keys()].filter((link) => link.isLive));
    if (live.size === before.size && [...live].every((link) => before.has(link))) return;
    this.#live = live;
    for (const link of live) {
      const delayMs = before.has(link) ? this.#options.random.integer(SPREAD_MS) : 0;
      this.#announcers.get(link)?.nudge(delayMs);
    }
  }
}
