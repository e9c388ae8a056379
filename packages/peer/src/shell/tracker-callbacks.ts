/**
 * What this peer answers to its trackers: `make_file`, `peer_authentication`, `membership_changed` and `devices_revoked`.
 *
 * Every tracker of a cluster asks and tells by itself, so the same may come from each: a change is told of once, a person
 * is asked once and all trackers get that answer, and descriptions of one file add up.
 */
import { RpcError, type Served, serve } from '@minitorrent/rpc-core';
import { checkProof, toHex, trackerCallbacks } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import type { EventHub } from '../event-hub.ts';
import type { JoinRequest } from '../groups.ts';
import { MembershipNews } from '../membership-news.ts';
import type { JoinPolicy, PeerEvents } from '../peer.ts';
import { RecentMap } from '../recent-map.ts';
import { SharedQuestions } from '../shared-questions.ts';
import type { MembershipKeeper } from './membership-keeper.ts';
import type { Workspace } from './workspace.ts';

const log = createDebug('minitorrent:peer:callbacks');

/** Twice what may wait for one group; an older question is put again. */
const REMEMBERED_QUESTIONS = 1_024;

/** More than the groups of one user. */
const REMEMBERED_GROUPS = 1_024;

type Decision = Awaited<ReturnType<JoinPolicy>>;

interface Authentication {
  readonly decision: Decision;
  readonly proofs?: readonly Uint8Array[];
}

/** What of a keeper trackers tell. */
type ToldKeeper = Pick<MembershipKeeper, 'card' | 'changed' | 'removed' | 'revoked'>;

export interface TrackerCallbackOptions {
  readonly joinPolicy: JoinPolicy;
  readonly events: EventHub<PeerEvents>;
  /** What lets the devices of this request in, signed by this one; fails where it cannot. */
  proofsFor(request: JoinRequest, options: { readonly signal: AbortSignal }): Promise<readonly Uint8Array[]>;
  /** That of whoever is logged in. */
  workspace(): Workspace | undefined;
  /** Settles when this device has left a group that it is leaving; undefined for others. */
  leaving?(groupId: string): Promise<void> | undefined;
  /** Undefined where nobody has to prove a membership. */
  keeper?(): ToldKeeper | undefined;
}

export class TrackerCallbacks {
  readonly served: Served;
  readonly #options: TrackerCallbackOptions;
  readonly #news = new MembershipNews();
  /** What the user is in their groups, as far as a tracker told or this device can prove it. */
  readonly #roles = new RecentMap<string, 'member' | 'admin'>(REMEMBERED_GROUPS);
  readonly #questions = new SharedQuestions<Decision>(REMEMBERED_QUESTIONS);

  constructor(options: TrackerCallbackOptions) {
    this.#options = options;
    this.served = serve(trackerCallbacks, {
      make_file: async ({ groupId, ...description }) => {
        this.#requireWorkspace().describe(groupId, description);
        return {};
      },
      peer_authentication: (request, { signal }) => this.#authenticate(request, signal),
      membership_changed: async (change) => {
        await this.#membershipChanged(change);
        return {};
      },
      // Each tracker tells of it; what is known already changes nothing.
      devices_revoked: async (revocation) => {
        this.#noteRole(revocation.groupId);
        this.#keeper?.revoked(revocation);
        return {};
      },
    });
  }

  /** Somebody else, or nobody, is logged in: what was told and asked does not concern them. */
  forget(): void {
    this.#news.clear();
    this.#roles.clear();
    this.#questions.clear();
  }

  /** Where this device cannot let anybody in, the user's decision does not count: another device may. */
  async #authenticate(request: JoinRequest, signal: AbortSignal): Promise<Authentication> {
    const decision = await this.#decide(request, signal);
    if (decision !== 'accept') return { decision };
    try {
      return { decision, proofs: await this.#options.proofsFor(request, { signal }) };
    } catch (error) {
      log('cannot let %s into %s: %s', request.userId, request.groupId, String(error));
      return { decision: 'undecided' };
    }
  }

  #decide(request: JoinRequest, signal: AbortSignal): Promise<Decision> {
    const { joinPolicy, events } = this.#options;
    const { groupId, userId, requestedAtMs, deviceIds } = request;
    const ask = (until: AbortSignal): Promise<Decision> => {
      events.emit('join-request', { groupId, userId, deviceIds });
      return joinPolicy({ groupId, userId, deviceIds }, { signal: until });
    };
    // No name has a slash. What is signed later is for the very devices that the answer was about.
    const devices = deviceIds.map(toHex).sort().join();
    return this.#questions.ask(`${groupId}/${userId}/${requestedAtMs}/${devices}`, ask, signal);
  }

  async #membershipChanged({
    groupId,
    standing,
    index,
  }: Omit<PeerEvents['membership-changed'][0], 'was'> & { readonly index: number }): Promise<void> {
    if (!this.#news.isNew({ groupId, index })) return;
    this.#noteRole(groupId);
    const was = this.#roles.get(groupId);
    if (standing === 'removed') {
      await this.#hasLeft(groupId);
      this.#keeper?.removed(groupId);
      await this.#options.workspace()?.removed(groupId);
    } else if (standing !== 'refused') this.#keeper?.changed(groupId);
    if (standing === 'member' || standing === 'admin') this.#roles.set(groupId, standing);
    else this.#roles.delete(groupId);
    this.#options.events.emit('membership-changed', { groupId, standing, was });
  }

  /** A tracker tells every device of a user who leaves: the one that leaves ends its downloads as the user meant it. */
  async #hasLeft(groupId: string): Promise<void> {
    try {
      await this.#options.leaving?.(groupId);
    } catch (error) {
      log('leaving %s failed, and a tracker says that it is done: %s', groupId, String(error));
    }
  }

  /** What this device can prove now, before it is given something else to prove. */
  #noteRole(groupId: string): void {
    if (this.#roles.get(groupId) !== undefined) return;
    const card = this.#keeper?.card(groupId);
    const proof = card === undefined ? undefined : checkProof(card.proof);
    if (proof?.isSound === true) this.#roles.set(groupId, proof.member.role === 'admin' ? 'admin' : 'member');
  }

  get #keeper(): ToldKeeper | undefined {
    return this.#options.keeper?.();
  }

  #requireWorkspace(): Workspace {
    const workspace = this.#options.workspace();
    if (workspace !== undefined) return workspace;
    throw new RpcError('unknown_download', 'Cannot make a file: nobody is logged in');
  }
}
