/**
 * Has changes carried out by whichever tracker of the cluster decides them, this one or another.
 *
 * What affects a change: it keeps its request id through every try, so it is done once however often it is tried; while
 * nobody decides (a failover, a hand-over) it waits, and whoever asked for it sees a slow answer and no error.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import type { Change } from '../commands/change.ts';
import { commandOf } from '../commands/command-of.ts';
import { isTrackerError, TrackerError, type TrackerErrorCode } from '../errors.ts';
import type { Result } from '../events.ts';
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Authority, ChangeOptions, Outcome } from '../service/authority.ts';
import { CLUSTER_TIMES } from './options.ts';
import type { OtherTrackers } from './other-trackers.ts';
import type { Replicator } from './replicator.ts';

export interface ClusterAuthorityOptions {
  readonly ledger: Ledger;
  readonly replicator: Replicator;
  readonly others: OtherTrackers;
  readonly clusterId: Uint8Array;
  readonly hasRegister: boolean;
  readonly limits: TrackerLimits;
  readonly clock: Clock;
  readonly random: Random;
}

interface Attempt {
  readonly change: Change;
  readonly requestId: Uint8Array;
  readonly signal: AbortSignal | undefined;
}

export class ClusterAuthority implements Authority {
  readonly #options: ClusterAuthorityOptions;

  constructor(options: ClusterAuthorityOptions) {
    this.#options = options;
  }

  async execute(change: Change, { requestId, signal }: ChangeOptions = {}): Promise<Outcome> {
    const { clock, random, replicator } = this.#options;
    const attempt = { change, requestId: requestId ?? random.bytes(16), signal };
    const beganMs = clock.now();
    for (;;) {
      signal?.throwIfAborted();
      if (replicator.refusal !== undefined) throw replicator.refusal;
      const tried = await this.#try(attempt);
      if ('outcome' in tried) return tried.outcome;
      if (clock.now() - beganMs >= this.#patienceMs) throw this.#tellWhy(tried.failure);
      await this.#untilChanged();
    }
  }

  mayBeStale(): boolean {
    return !this.#options.replicator.mayRead;
  }

  /** Carries out what another tracker sent; all up to entry `index` is acknowledged then. Fails with `not_primary`. */
  async executeHere(change: Change, requestId: Uint8Array): Promise<{ index: number; result: Result }> {
    const { ledger, replicator, limits } = this.#options;
    if (!replicator.mayWrite) throw notPrimary;
    const result = await ledger.execute(commandOf(change, limits), { requestId });
    return { index: ledger.durableIndex, result };
  }

  /** Answers the failure where another try may help; throws what no other try changes. */
  async #try(attempt: Attempt): Promise<{ outcome: Outcome } | { failure: unknown }> {
    const { change, requestId, signal } = attempt;
    try {
      if (!this.#options.replicator.mayWrite) return { outcome: await this.#forward(attempt) };
      const { result } = await this.executeHere(change, requestId);
      return { outcome: { result, isShown: true } };
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof RpcError && error.remote) {
        if (PASSING.has(error.code)) return { failure: error };
        // As if it had been decided here: the set has none but codes of this package.
        if (!DECISIONS.has(error.code)) throw error;
        throw new TrackerError(error.code as TrackerErrorCode, error.message, { cause: error });
      }
      const mayHelp = (isTrackerError(error) && PASSING.has(error.code)) || error instanceof RpcError;
      if (!mayHelp) throw error;
      return { failure: error };
    }
  }

  async #forward({ change, requestId, signal }: Attempt): Promise<Outcome> {
    const { replicator, others, clusterId } = this.#options;
    const { epoch, primary } = replicator.config;
    const name = epoch === 0 ? undefined : await others.find(primary);
    if (name === undefined) throw notPrimary;
    const request = { clusterId, requestId, change };
    // One that is replaced meanwhile may never answer, and its successor is asked at once.
    const replaced = new AbortController();
    const unwatch = replicator.watch(() => {
      if (replicator.config.primary !== primary) replaced.abort(notPrimary);
    });
    try {
      const { index, result } = await others.call(
        name,
        (client, options) => client.forward(request, options),
        {
          timeoutMs: CLUSTER_TIMES.forwardMs,
          signal: signal === undefined ? replaced.signal : AbortSignal.any([signal, replaced.signal]),
        },
      );
      return { result, isShown: await this.#isShown(index) };
    } finally {
      unwatch();
    }
  }

  /** Whoever changed something sees it in the next list, unless that takes too long or this tracker is about to end. */
  async #isShown(index: number): Promise<boolean> {
    const { ledger, clock, replicator } = this.#options;
    const beganMs = clock.now();
    while (ledger.durableIndex < index) {
      if (replicator.isLeaving || clock.now() - beganMs >= CLUSTER_TIMES.shownMs) return false;
      await this.#untilChanged();
    }
    return true;
  }

  get #patienceMs(): number {
    const { hasRegister, replicator } = this.#options;
    const needsPerson = !hasRegister && replicator.role === 'safe';
    return needsPerson ? CLUSTER_TIMES.safeModePatienceMs : CLUSTER_TIMES.patienceMs;
  }

  #untilChanged(): Promise<void> {
    const { replicator, clock } = this.#options;
    const { promise, resolve } = Promise.withResolvers<void>();
    const unwatch = replicator.watch(resolve);
    const cancel = clock.schedule(CLUSTER_TIMES.retryMs, resolve);
    return promise.then(() => {
      unwatch();
      cancel();
    });
  }

  #tellWhy(failure: unknown): TrackerError {
    if (isTrackerError(failure, 'unconfirmed')) return failure;
    const { hasRegister } = this.#options;
    const what = hasRegister
      ? 'the one that decides them does not answer, or the witness does not; try again in a moment'
      : 'the other tracker does not answer; its operator can start it, or let this one decide: minitorrent tracker promote';
    return new TrackerError(
      'no_primary',
      `No tracker takes changes now, though lists and downloads still work: ${what}`,
      { cause: failure },
    );
  }
}

const notPrimary = new TrackerError(
  'not_primary',
  'This tracker does not decide changes now; ask the primary of its cluster',
);

/** What a tracker says when changes are not its business now; the same request id makes another try safe. */
const PASSING: ReadonlySet<string> = new Set<TrackerErrorCode>([
  'closed',
  'journal_failed',
  // It was given another pin for this tracker, which a person can mend.
  'not_allowed',
  'not_primary',
  'read_only',
  'unconfirmed',
]);

/** What a command may decide: the same everywhere, so it is the answer. */
const DECISIONS: ReadonlySet<string> = new Set<TrackerErrorCode>([
  'already_member',
  'bad_proof',
  'bad_signature',
  'busy',
  'device_revoked',
  'file_exists',
  'group_changed',
  'group_exists',
  'invitation_expired',
  'last_admin',
  'limit_reached',
  'not_a_member',
  'not_admitted',
  'not_an_admin',
  'not_the_sharer',
  'request_id_reused',
  'unknown_device',
  'unknown_file',
  'unknown_group',
  'unknown_invitation',
  'unknown_request',
  'user_exists',
]);
