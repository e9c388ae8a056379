/**
 * Tells the tracker what this peer has, again and again: presence at a tracker is soft and ends by itself.
 *
 * A change is announced soon, many changes at once together; otherwise the tracker says when to come back. With the
 * answer come the peers of the files that are still on their way.
 */
import type { Clock } from '@minitorrent/rpc-core';
import type { AnnouncedFile, PeerAddress } from '@minitorrent/tracker/contract';
import { MESSAGE_LIMITS } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { settledBy } from '../waiting.ts';
import type { TrackerLink } from './tracker-link.ts';

const log = createDebug('minitorrent:peer:announcer');

/** Changes within this time go out together. */
const GATHER_MS = 20;
/** A tracker accepts one announce a second in the long run and ten at once; some room is left for what it counts late. */
const SHORTEST_INTERVAL_MS = 1_000;
const BURST = 8;
/** After an announce that failed. */
const RETRY_MS = 2_000;

export interface AnnouncerOptions {
  readonly clock: Clock;
  readonly link: TrackerLink;
  /** Where this peer listens. */
  readonly port: number;
  /** What is to be announced now; undefined while nobody is logged in. */
  files(): readonly AnnouncedFile[] | undefined;
  onPeers(groupId: string, root: Uint8Array, peers: readonly PeerAddress[]): void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  #gone: AnnouncedFile[] = [];
  /** When an announce would be due if they came at the shortest interval: the virtual scheduling of ITU-T I.371. */
  #theoreticalMs = 0;
  #announced = Promise.withResolvers<void>();
  #dueMs = Number.POSITIVE_INFINITY;
  #rearm: () => void = () => undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Something changed, or more peers are wanted: announces soon. */
  nudge(): void {
    const allowedMs = this.#theoreticalMs - (BURST - 1) * SHORTEST_INTERVAL_MS;
    const soonMs = Math.max(this.#options.clock.now() + GATHER_MS, allowedMs);
    if (soonMs >= this.#dueMs) return;
    this.#dueMs = soonMs;
    this.#rearm();
  }

  /** Announces soon; resolves when the next announce is over, or the announcer closed. */
  async flush(): Promise<void> {
    this.nudge();
    await this.#announced.promise;
  }

  /** This peer stopped serving the file. */
  gone(groupId: string, root: Uint8Array): void {
    this.#gone.push({ groupId, root, holding: 'gone' });
    this.nudge();
  }

  /** Stops announcing. What was announced ends by itself. Idempotent. */
  async close(): Promise<void> {
    this.#closing.abort();
    this.#announced.resolve();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    const { clock } = this.#options;
    while (!signal.aborted) {
      await this.#untilDue(signal);
      if (signal.aborted) return;
      this.#dueMs = Number.POSITIVE_INFINITY;
      this.#theoreticalMs = Math.max(clock.now(), this.#theoreticalMs) + SHORTEST_INTERVAL_MS;
      const announced = this.#announced;
      this.#announced = Promise.withResolvers();
      const intervalMs = await this.#announceAll(signal).catch((error: unknown) => {
        log('cannot announce: %s', String(error));
        return RETRY_MS;
      });
      announced.resolve();
      this.#dueMs = Math.min(this.#dueMs, clock.now() + intervalMs);
    }
  }

  async #untilDue(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options;
    while (!signal.aborted && clock.now() < this.#dueMs) {
      await settledBy(signal, (settle) => {
        this.#rearm = settle;
        const delayMs = Math.max(0, this.#dueMs - clock.now());
        return Number.isFinite(delayMs) ? clock.schedule(delayMs, settle) : () => undefined;
      });
    }
  }

  /** Answers the milliseconds until the next announce. */
  async #announceAll(signal: AbortSignal): Promise<number> {
    const present = this.#options.files();
    if (present === undefined) return Number.POSITIVE_INFINITY;
    const files = [...this.#gone, ...present];
    this.#gone = [];
    let intervalMs = Number.POSITIVE_INFINITY;
    for (let first = 0; first === 0 || first < files.length; first += MESSAGE_LIMITS.filesPerAnnounce) {
      const batch = files.slice(first, first + MESSAGE_LIMITS.filesPerAnnounce);
      intervalMs = Math.min(intervalMs, await this.#announce(batch, signal));
    }
    return intervalMs;
  }

  async #announce(files: readonly AnnouncedFile[], signal: AbortSignal): Promise<number> {
    const { link, port, onPeers } = this.#options;
    const answer = await link.call((client, options) => client.announce({ port, files }, options), {
      signal,
    });
    for (const { groupId, root, peers } of answer.swarms) onPeers(groupId, root, peers);
    return Math.max(answer.intervalMs, SHORTEST_INTERVAL_MS);
  }
}
