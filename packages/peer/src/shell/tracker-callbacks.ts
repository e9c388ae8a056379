/**
 * What this peer answers to its trackers: `make_file`, `peer_authentication`, `membership_changed` and `devices_revoked`.
 *
 * Every tracker of a cluster asks and tells by itself, so the same may come from each: a change is told of once, a person
 * is asked once and all trackers get that answer, and descriptions of one file add up.
 */
import { RpcError, type Served, serve } from '@minitorrent/rpc-core';
import { trackerCallbacks } from '@minitorrent/tracker/contract';
import type { EventHub } from '../event-hub.ts';
import { MembershipNews } from '../membership-news.ts';
import type { JoinPolicy, PeerEvents } from '../peer.ts';
import { SharedQuestions } from '../shared-questions.ts';
import type { MembershipKeeper } from './membership-keeper.ts';
import type { Workspace } from './workspace.ts';

/** Twice what may wait for one group; an older question is put again. */
const REMEMBERED_QUESTIONS = 1_024;

export interface TrackerCallbackOptions {
  readonly joinPolicy: JoinPolicy;
  readonly events: EventHub<PeerEvents>;
  /** That of whoever is logged in. */
  workspace(): Workspace | undefined;
  /** Undefined where nobody has to prove a membership. */
  keeper?(): Pick<MembershipKeeper, 'changed' | 'left' | 'revoked'> | undefined;
}

export class TrackerCallbacks {
  readonly served: Served;
  readonly #options: TrackerCallbackOptions;
  readonly #news = new MembershipNews();
  readonly #questions = new SharedQuestions<'accept' | 'refuse' | 'undecided'>(REMEMBERED_QUESTIONS);

  constructor(options: TrackerCallbackOptions) {
    this.#options = options;
    this.served = serve(trackerCallbacks, {
      make_file: async ({ groupId, file, sharedBy, peers }) => {
        this.#requireWorkspace().describe(groupId, { file, sharedBy, peers });
        return {};
      },
      peer_authentication: async (request, { signal }) => ({ decision: await this.#decide(request, signal) }),
      membership_changed: async (change) => {
        await this.#membershipChanged(change);
        return {};
      },
      // Each tracker tells of it; what is known already changes nothing.
      devices_revoked: async (revocation) => {
        this.#keeper?.revoked(revocation);
        return {};
      },
    });
  }

  /** Somebody else, or nobody, is logged in: what was told and asked does not concern them. */
  forget(): void {
    this.#news.clear();
    this.#questions.clear();
  }

  #decide(
    request: { readonly groupId: string; readonly userId: string; readonly requestedAtMs: number },
    signal: AbortSignal,
  ): Promise<'accept' | 'refuse' | 'undecided'> {
    const { joinPolicy, events } = this.#options;
    const { groupId, userId, requestedAtMs } = request;
    const ask = (until: AbortSignal): Promise<'accept' | 'refuse' | 'undecided'> => {
      events.emit('join-request', { groupId, userId });
      return joinPolicy({ groupId, userId }, { signal: until });
    };
    // No name has a slash.
    return this.#questions.ask(`${groupId}/${userId}/${requestedAtMs}`, ask, signal);
  }

  async #membershipChanged({
    groupId,
    standing,
    index,
  }: PeerEvents['membership-changed'][0] & { readonly index: number }): Promise<void> {
    if (!this.#news.isNew({ groupId, index })) return;
    if (standing === 'removed') {
      this.#keeper?.left(groupId);
      await this.#options.workspace()?.leave(groupId);
    } else if (standing !== 'refused') this.#keeper?.changed(groupId);
    this.#options.events.emit('membership-changed', { groupId, standing });
  }

  get #keeper(): Pick<MembershipKeeper, 'changed' | 'left' | 'revoked'> | undefined {
    return this.#options.keeper?.();
  }

  #requireWorkspace(): Workspace {
    const workspace = this.#options.workspace();
    if (workspace !== undefined) return workspace;
    throw new RpcError('unknown_download', 'Cannot make a file: nobody is logged in');
  }
}
