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
import type { Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { Authority, ChangeOptions } from '../service/authority.ts';
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

  async execute(change: Change, { requestId, signal }: ChangeOptions = {}): Promise<void> {
    const { clock, random } = this.#options;
    const attempt = { change, requestId: requestId ?? random.bytes(16), signal };
    const beganMs = clock.now();
    for (;;) {
      signal?.throwIfAborted();
      const failure = await this.#try(attempt);
      if (failure === undefined) return;
      if (clock.now() - beganMs >= this.#patienceMs) throw this.#tellWhy(failure);
      await this.#untilChanged();
    }
  }

  mayBeStale(): boolean {
    return !this.#options.replicator.mayRead;
  }

  /** Carries out what another tracker sent; answers the entry up to which all is acknowledged. Fails with `not_primary`. */
  async executeHere(change: Change, requestId: Uint8Array): Promise<number> {
    const { ledger, replicator, limits } = this.#options;
    if (!replicator.mayWrite) throw notPrimary;
    await ledger.execute(commandOf(change, limits), { requestId });
    return ledger.durableIndex;
  }

  /** Nothing when it is done; what stood in the way when another try may help; throws what no other try changes. */
  async #try(attempt: Attempt): Promise<unknown> {
    const { replicator } = this.#options;
    try {
      if (replicator.mayWrite) await this.executeHere(attempt.change, attempt.requestId);
      else await this.#forward(attempt);
      return undefined;
    } catch (error) {
      attempt.signal?.throwIfAborted();
      if (error instanceof RpcError && error.remote && DECISIONS.has(error.code)) {
        // As if it had been decided here. The set has none but codes of this package.
        throw new TrackerError(error.code as TrackerErrorCode, error.message, { cause: error });
      }
      const mayHelp = isTrackerError(error, ...PASSING) || error instanceof RpcError;
      if (!mayHelp) throw error;
      return error;
    }
  }

  async #forward({ change, requestId, signal }: Attempt): Promise<void> {
    const { replicator, others, clusterId } = this.#options;
    const { epoch, primary } = replicator.config;
    const name = epoch === 0 ? undefined : await others.find(primary);
    if (name === undefined) throw notPrimary;
    const request = { clusterId, requestId, change };
    const { index } = await others.call(name, (client, options) => client.forward(request, options), {
      timeoutMs: CLUSTER_TIMES.forwardMs,
      ...(signal === undefined ? {} : { signal }),
    });
    await this.#shown(index);
  }

  /** Whoever changed something sees it in the next list; where that takes too long, the list is marked as stale anyway. */
  async #shown(index: number): Promise<void> {
    const { ledger, clock } = this.#options;
    const beganMs = clock.now();
    while (ledger.durableIndex < index && clock.now() - beganMs < CLUSTER_TIMES.shownMs) {
      await this.#untilChanged();
    }
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
      `No tracker takes changes now: ${what}; lists and downloads still work`,
      { cause: failure },
    );
  }
}

const notPrimary = new TrackerError(
  'not_primary',
  'This tracker does not decide changes now; ask the primary of its cluster',
);

/** What a ledger says when changes are no longer its business; the same request id makes another try safe. */
const PASSING: readonly TrackerErrorCode[] = ['not_primary', 'read_only', 'unconfirmed', 'journal_failed'];

/** What a command may decide: the same everywhere, so it is the answer. */
const DECISIONS: ReadonlySet<string> = new Set<TrackerErrorCode>([
  'already_member',
  'busy',
  'file_exists',
  'group_exists',
  'last_admin',
  'limit_reached',
  'not_a_member',
  'not_an_admin',
  'not_the_sharer',
  'request_id_reused',
  'unknown_file',
  'unknown_group',
  'unknown_request',
  'user_exists',
]);
