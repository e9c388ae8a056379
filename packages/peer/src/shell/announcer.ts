/**
 * Tells one tracker what this peer has, again and again: presence at a tracker is soft and ends by itself.
 *
 * A change is announced soon, many changes at once together; otherwise the tracker says when to come back. What the
 * tracker was told of and need not know any more is said to be gone. With the answer come the peers of the files that are
 * still on their way.
 */
import { type Clock, RpcError } from '@minitorrent/rpc-core';
import type { AnnouncedFile, PeerAddress } from '@minitorrent/tracker/contract';
import { MESSAGE_LIMITS, toHex } from '@minitorrent/tracker/contract';
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
/** An announce that has no answer by then makes the tracker doubtful. */
const ANSWER_MS = 3_000;

export interface AnnouncerOptions {
  readonly clock: Clock;
  readonly link: Pick<TrackerLink, 'isLive' | 'line' | 'wasSilent'>;
  /** Where this peer listens. */
  readonly port: number;
  /** What this tracker is to know of now; undefined while nobody is logged in. */
  files(): readonly AnnouncedFile[] | undefined;
  onPeers(groupId: string, root: Uint8Array, peers: readonly PeerAddress[]): void;
}

export class Announcer {
  readonly #options: AnnouncerOptions;
  readonly #closing = new AbortController();
  readonly #running: Promise<void>;
  /** What the tracker was told of and may still believe. */
  readonly #told = new Map<string, AnnouncedFile>();
  /** When an announce would be due if they came at the shortest interval: the virtual scheduling of ITU-T I.371. */
  #theoreticalMs = 0;
  #announced = Promise.withResolvers<void>();
  #dueMs = Number.POSITIVE_INFINITY;
  #rearm: () => void = () => undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    this.#running = this.#run();
  }

  /** Something changed, or more peers are wanted: announces soon, and `delayMs` later than that. */
  nudge(delayMs = 0): void {
    const allowedMs = this.#theoreticalMs - (BURST - 1) * SHORTEST_INTERVAL_MS;
    const soonMs = Math.max(this.#options.clock.now() + GATHER_MS + delayMs, allowedMs);
    if (soonMs >= this.#dueMs) return;
    this.#dueMs = soonMs;
    this.#rearm();
  }

  /** Announces soon; resolves when the next announce is over, or the announcer closed. */
  async flush(): Promise<void> {
    this.nudge();
    await this.#announced.promise;
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
      const intervalMs = await this.#announceAll(signal).catch((error: unknown) => this.#failed(error));
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

  #failed(error: unknown): number {
    log('cannot announce: %s', String(error));
    if (error instanceof RpcError && error.code === 'deadline_exceeded') this.#options.link.wasSilent();
    return RETRY_MS;
  }

  /** Answers the milliseconds until the next announce; whoever sees the link come back has to nudge. */
  async #announceAll(signal: AbortSignal): Promise<number> {
    const present = this.#options.files();
    if (present === undefined) {
      // With the session ended what was told.
      this.#told.clear();
      return Number.POSITIVE_INFINITY;
    }
    if (!this.#options.link.isLive) return Number.POSITIVE_INFINITY;
    const files = [...this.#goneSince(present), ...present];
    let intervalMs = Number.POSITIVE_INFINITY;
    for (let first = 0; first === 0 || first < files.length; first += MESSAGE_LIMITS.filesPerAnnounce) {
      const batch = files.slice(first, first + MESSAGE_LIMITS.filesPerAnnounce);
      intervalMs = Math.min(intervalMs, await this.#announce(batch, signal));
    }
    return intervalMs;
  }

  #goneSince(present: readonly AnnouncedFile[]): AnnouncedFile[] {
    const keys = new Set(present.map(keyOf));
    return [...this.#told.values()]
      .filter((file) => !keys.has(keyOf(file)))
      .map((file) => ({ ...file, holding: 'gone' }));
  }

  async #announce(files: readonly AnnouncedFile[], signal: AbortSignal): Promise<number> {
    const { link, port, onPeers } = this.#options;
    const { line } = link;
    if (line === undefined) return Number.POSITIVE_INFINITY;
    // Whether it is told or not when this fails, the tracker may believe it.
    for (const file of files) if (file.holding !== 'gone') this.#told.set(keyOf(file), file);
    const answer = await line.client.announce({ port, files: [...files] }, { signal, timeoutMs: ANSWER_MS });
    for (const file of files) if (file.holding === 'gone') this.#told.delete(keyOf(file));
    for (const { groupId, root, peers } of answer.swarms) onPeers(groupId, root, peers);
    return Math.max(answer.intervalMs, SHORTEST_INTERVAL_MS);
  }
}

function keyOf({ groupId, root }: AnnouncedFile): string {
  return `${toHex(root)} ${groupId}`;
}
