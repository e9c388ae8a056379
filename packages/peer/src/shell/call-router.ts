/**
 * Makes a call on the best tracker, and on the next ones where that fails or stays silent.
 *
 * Which link is asked first is `rankTrackers`' decision, what a failure means `judgeFailure`'s, and how a call goes from
 * one to the next `callWithFailover`'s; here they are joined to the links.
 */
import {
  type Address,
  type Clock,
  type CallOptions as RpcCallOptions,
  RpcError,
} from '@minitorrent/rpc-core';
import { judgeFailure, type Verdict } from '../call-verdict.ts';
import { PeerError } from '../errors.ts';
import { callWithFailover, type FailoverTimes } from '../failover.ts';
import type { CallOptions } from '../groups.ts';
import type { TrackerClient } from '../tracker-client.ts';
import { rankTrackers } from '../tracker-health.ts';
import type { Line, TrackerLink } from './tracker-link.ts';

/** A tracker that is frozen, or behind a cut cable, costs a call this long and no more. */
export const CALL_TIMES: FailoverTimes = { silenceMs: 1_500, firstPauseMs: 250, longestPauseMs: 2_000 };

/** A call to make on whichever tracker answers, with the same request id each time. */
export type TrackerCall<R> = (client: TrackerClient, options: RpcCallOptions) => Promise<R>;

export interface TrackerCallOptions extends CallOptions {
  /** Trackers that have the presence of this group are asked first. */
  readonly groupId?: string;
  /** A tracker answers it from what it has, without asking another one. */
  readonly isRead?: boolean;
  /** How long to look for a tracker that answers, if not as long as usual. */
  readonly patienceMs?: number;
}

/** A call, and how it is made over a line. */
export interface Attempt<R> extends TrackerCallOptions {
  readonly times?: FailoverTimes;
  ask(line: Line, signal: AbortSignal): Promise<R>;
}

export interface CallRouterOptions {
  readonly clock: Clock;
  /** How long a call looks for a tracker that answers, milliseconds. */
  readonly patienceMs: number;
  /** Ends every call, with its reason. */
  readonly closing: AbortSignal;
  /** In the user's order. */
  links(): readonly TrackerLink[];
  /** Those that have the presence of the group. */
  keepersOf(groupId: string): readonly TrackerLink[];
  /** Calls `tell` whenever a link may have come or gone; answers how to stop that. */
  watch(tell: () => void): () => void;
  /** Whether somebody is to be logged in at every tracker. */
  hasCredentials(): boolean;
}

export class CallRouter {
  readonly #options: CallRouterOptions;

  constructor(options: CallRouterOptions) {
    this.#options = options;
  }

  /** Fails with `tracker_unreachable` when patience is over, and with the trackers' own coded errors. */
  async attempt<R>({ ask, times = CALL_TIMES, ...options }: Attempt<R>): Promise<R> {
    const { clock, patienceMs, closing, watch } = this.#options;
    const patience = new AbortController();
    const cancelTimer = clock.schedule(options.patienceMs ?? patienceMs, () => patience.abort(outOfPatience));
    const signals = [patience.signal, closing];
    let lastFailure: unknown;
    try {
      return await callWithFailover<Line, R>({
        ...{ clock, ask, times, watch },
        signal: AbortSignal.any(options.signal === undefined ? signals : [...signals, options.signal]),
        pick: (tried) => this.#pick(tried, options.groupId),
        judge: (error, line) => {
          lastFailure = error;
          return this.#judge(error, line, options.isRead ?? false);
        },
        onSilent: ({ link }) => link.wasSilent(),
      });
    } catch (error) {
      throw error === outOfPatience ? this.#explain(lastFailure) : error;
    } finally {
      cancelTimer();
    }
  }

  /** Makes the call over this line, and takes in what the outcome says of the tracker. */
  async ask<R>({ link: { health }, client }: Line, call: TrackerCall<R>, signal: AbortSignal): Promise<R> {
    const { clock } = this.#options;
    try {
      const answer = await call(client, { signal });
      health.answered(answer, clock.now());
      return answer;
    } catch (error) {
      health.failed(error, clock.now());
      throw error;
    }
  }

  #pick(tried: ReadonlySet<Line>, groupId: string | undefined): Line | undefined {
    const { links, keepersOf } = this.#options;
    const keepers = groupId === undefined ? [] : keepersOf(groupId);
    const candidates = links().flatMap((link) => {
      const { health, line } = link;
      if (line === undefined || tried.has(line)) return [];
      return { health, line, keepsPresence: keepers.includes(link) };
    });
    return rankTrackers(candidates)[0]?.line;
  }

  #judge(error: unknown, { link, connection }: Line, isRead: boolean): Verdict {
    if (this.#options.hasCredentials() && isCode(error, 'not_logged_in')) {
      // It has ended the session, so the link begins anew.
      connection.abort();
      return 'again';
    }
    return judgeFailure(error, { isRead, isStale: link.health.staleSinceMs !== undefined });
  }

  /** Why nothing came of a call in time: what a tracker said last, if it was a tracker that said it. */
  #explain(lastFailure: unknown): unknown {
    if (lastFailure instanceof RpcError && lastFailure.remote) return lastFailure;
    const links = this.#options.links();
    const where = links.map(({ address }) => nameOf(address)).join(', ');
    return new PeerError('tracker_unreachable', `Cannot reach a tracker at ${where}`, {
      cause: lastFailure ?? links.find((link) => link.lastFailure !== undefined)?.lastFailure,
    });
  }
}

/** What all peers call the tracker at this address, if they were given the same address. */
export function nameOf({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const outOfPatience = new Error('No tracker answered in time');

function isCode(error: unknown, code: string): boolean {
  return error instanceof RpcError && error.remote && error.code === code;
}
