/**
 * Who is let into groups by this device: it founds, accepts, invites, joins and changes roles, and signs what others check.
 *
 * What affects it:
 * - its own proof of membership: without one it lets nobody in, whatever its user may do elsewhere;
 * - the member epoch, which every change of the group raises: what was signed for an earlier one is refused with
 *   `group_changed`, and signed anew a few times;
 * - the key that is pinned for the group: a tracker that tells of another group of that name is not believed;
 * - proofs of who is a member and an admin already: a tracker cannot name a device, or a role, of its own for one of them.
 */
import type { Clock, Random } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import {
  type CheckedProof,
  checkProof,
  foundGroup,
  type Grant,
  INVITATION_SECRET_BYTES,
  invitationKey,
  type Role,
  readInvitation,
  writeInvitation,
} from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type {
  AcceptOptions,
  CallOptions,
  GroupMembers,
  InviteOptions,
  JoinOptions,
  JoinRequest,
  NewInvitation,
  SignedDevices,
} from '../groups.ts';
import { requireIdentifier } from '../names.ts';
import {
  beginsWith,
  GRANT_LIFE_MS,
  isSameBytes,
  keyOfFounding,
  readProof,
  type Voucher,
  vouchFor,
} from '../vouching.ts';
import { wait } from '../waiting.ts';
import type { MemberCalls } from './member-calls.ts';

const log = createDebug('minitorrent:peer:groups');

const NONCE_BYTES = 16;
const INVITATION_LIFE_MS = 7 * 24 * 60 * 60 * 1000;
/** How often something is signed that the group has overtaken. */
const ATTEMPTS = 3;
/** So few that all their proofs fit into one answer. */
const GROUPS_AT_ONCE = 8;
/** Whoever answers from what it has may be a moment behind whoever decides. */
const PAUSE_MS = 200;

/** Which key each group has, as this device learned it first. */
export interface GroupKeys {
  groupKey(groupId: string): Uint8Array | undefined;
  /** Fails with `wrong_group_key` where another one is known. */
  pin(groupId: string, groupKey: Uint8Array): void;
  /** What was pinned for a group that the user did not get into. */
  forget(groupId: string): void;
  /** This device was let in: it has something to show to other peers now. */
  letIn(groupId: string): void;
  /** Whether a removal that is known here makes the proof void. */
  isRevoked(proof: CheckedProof): boolean;
}

export interface GroupDeskOptions {
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly calls: MemberCalls;
  readonly keys: GroupKeys;
  /** Who is logged in. */
  readonly userId: string;
}

/** This device's right to let others in. */
interface OwnRight extends Voucher {
  readonly role: 'admin' | 'member';
}

export class GroupDesk {
  readonly #options: GroupDeskOptions;

  constructor(options: GroupDeskOptions) {
    this.#options = options;
  }

  /** A new group with this device as its founder. */
  async found(groupId: string, options?: CallOptions): Promise<void> {
    const { identity, random, calls, keys, userId } = this.#options;
    const nonce = random.bytes(NONCE_BYTES);
    const proof = foundGroup(identity, { groupId: requireIdentifier('group', groupId), userId, nonce });
    await calls.createGroup(groupId, proof, options);
    // There was no such group any more, whatever was known of one.
    keys.forget(groupId);
    keys.pin(groupId, keyOfFounding(proof));
    keys.letIn(groupId);
  }

  /** `requested`: an admin, or another device of the user, decides. With an invitation's code the user is in at once. */
  async join(groupId: string, { invitation, ...options }: JoinOptions = {}): Promise<'member' | 'requested'> {
    const { calls, keys } = this.#options;
    const code = invitation === undefined ? undefined : readCode(invitation);
    const status =
      code === undefined
        ? await calls.joinGroup(groupId, undefined, options)
        : await this.#retrying(() => this.#joinBy(groupId, code, options), options);
    if (status === 'member') keys.letIn(groupId);
    return status;
  }

  /** Lets the devices of a request in, or of these the ones that are in it: whatever else a tracker puts in stays out. */
  async accept(
    groupId: string,
    userId: string,
    { deviceIds: compared, ...options }: AcceptOptions = {},
  ): Promise<SignedDevices> {
    const { calls } = this.#options;
    requireIdentifier('group', groupId);
    requireIdentifier('user', userId);
    return this.#retrying(async () => {
      const request = await this.#request(groupId, userId, options);
      const deviceIds = compared === undefined ? request.deviceIds : stillIn(request, compared);
      const proofs = await this.proofsFor({ groupId, userId, deviceIds }, options);
      await calls.acceptRequest(groupId, userId, proofs, options);
      return { deviceIds: deviceIds.slice(0, proofs.length) };
    }, options);
  }

  /** What lets the devices of this request in. Fails with `not_admitted` where this device is not in itself. */
  async proofsFor(
    { groupId, userId, deviceIds }: Pick<JoinRequest, 'groupId' | 'userId' | 'deviceIds'>,
    options?: CallOptions,
  ): Promise<readonly Uint8Array[]> {
    const right = await this.ownRight(groupId, options);
    const role = await this.#roleOf(groupId, userId, right, options);
    return vouchFor(right, deviceIds, { groupId, userId, role, notAfterMs: this.#nowMs + GRANT_LIFE_MS });
  }

  /** A code by which others join. */
  async invite(
    groupId: string,
    { expiresInMs = INVITATION_LIFE_MS, maxUses = 1, ...options }: InviteOptions = {},
  ): Promise<NewInvitation> {
    requireSpan(expiresInMs);
    const { calls, random, userId } = this.#options;
    const secret = random.bytes(INVITATION_SECRET_BYTES);
    const { deviceId: inviteId } = invitationKey(secret);
    const expiresAtMs = this.#nowMs + Math.floor(expiresInMs);
    return this.#retrying(async () => {
      const right = await this.ownRight(groupId, options);
      const vouched = { groupId, userId, role: 'invite', notAfterMs: expiresAtMs } as const;
      const [proof = right.proof] = vouchFor(right, [inviteId], vouched);
      await calls.createInvitation(groupId, { proof, maxUses }, options);
      return { code: writeInvitation(secret, keyOfFounding(proof)), inviteId, expiresAtMs, maxUses };
    }, options);
  }

  async revokeInvitation(
    groupId: string,
    invitation: Uint8Array | string,
    options?: CallOptions,
  ): Promise<void> {
    const inviteId = typeof invitation === 'string' ? readCode(invitation).key.deviceId : invitation;
    await this.#options.calls.revokeInvitation(groupId, inviteId, options);
  }

  /** All members, and the key of the group, which is the same for all of them. */
  async members(groupId: string, options?: CallOptions): Promise<GroupMembers> {
    const members = await this.#options.calls.listMembers(groupId, options);
    return { ...members, groupKey: await this.groupKey(groupId, options) };
  }

  /** Undefined while this device has not been let in. Fails with `wrong_group_key`. */
  async groupKey(groupId: string, options?: CallOptions): Promise<Uint8Array | undefined> {
    const { keys } = this.#options;
    if (keys.groupKey(groupId) === undefined) await this.#learnKey(groupId, options);
    return keys.groupKey(groupId);
  }

  async setRole(
    groupId: string,
    userId: string,
    role: Role,
    options: CallOptions = {},
  ): Promise<SignedDevices> {
    const { calls } = this.#options;
    requireIdentifier('user', userId);
    return this.#retrying(async () => {
      const right = await this.ownRight(groupId, options);
      const proved = await this.#proved(groupId, userId, right, options);
      const deviceIds = proved.map(({ deviceId }) => deviceId);
      const vouched = { groupId, userId, role, notAfterMs: this.#nowMs + GRANT_LIFE_MS };
      const proofs = vouchFor(right, deviceIds, vouched);
      await calls.setRole(groupId, userId, { role, proofs }, options);
      return { deviceIds: deviceIds.slice(0, proofs.length) };
    }, options);
  }

  /**
   * What lets this device in. Fails with `not_admitted` where nothing does, and with `wrong_group_key` where it is another
   * group than the one that was known by this name.
   */
  async ownRight(groupId: string, options?: CallOptions): Promise<OwnRight> {
    const { calls, keys, identity, userId } = this.#options;
    const standing = await calls.standing(groupId, options);
    const { proof, memberEpoch = 0 } = standing ?? {};
    const own = proof && readProof(proof, { groupId, deviceId: identity.deviceId });
    // The proof of whoever else uses this device is no right of the one who is logged in.
    if (standing === undefined || proof === undefined || own?.member.userId !== userId)
      throw notAdmitted(groupId, standing !== undefined);
    keys.pin(groupId, own.groupKey);
    return { key: identity, proof, memberEpoch, role: own.member.role === 'admin' ? 'admin' : 'member' };
  }

  /** Of these groups of the user, those into which nothing lets this device, and which do not know that yet. */
  async askForOwn(groups: readonly string[], options?: CallOptions): Promise<readonly string[]> {
    const { calls } = this.#options;
    const waiting: string[] = [];
    for (let at = 0; at < groups.length; at += GROUPS_AT_ONCE) {
      const standings = await calls.standings(groups.slice(at, at + GROUPS_AT_ONCE), options);
      for (const [groupId, { proof }] of standings) {
        if (proof !== undefined) continue;
        if ((await calls.joinGroup(groupId, undefined, options)) === 'requested') waiting.push(groupId);
      }
    }
    return waiting;
  }

  get #nowMs(): number {
    return Math.max(0, Math.floor(this.#options.clock.wallNow()));
  }

  async #learnKey(groupId: string, options?: CallOptions): Promise<void> {
    await this.ownRight(groupId, options).catch((error: unknown) => {
      if (error instanceof PeerError && error.code === 'wrong_group_key') throw error;
      log('the key of %s is not known: %s', groupId, String(error));
    });
  }

  async #joinBy(
    groupId: string,
    { key, groupKeyStart }: ReturnType<typeof readInvitation>,
    options: CallOptions,
  ): Promise<'member' | 'requested'> {
    const { calls, keys, identity, userId } = this.#options;
    const { proof, memberEpoch } = await calls.findInvitation(groupId, key.deviceId, options);
    const checked = checkProof(proof);
    if (!checked.isSound || !beginsWith(checked.groupKey, groupKeyStart)) throw wrongGroup(groupId);
    if (checked.grants.some((grant) => grant.userId === userId)) throw ownInvitation(groupId, userId);
    const isNew = keys.groupKey(groupId) === undefined;
    // Before anything else is heard of the group: whoever invited knows it better than a tracker.
    keys.pin(groupId, checked.groupKey);
    try {
      const vouched = { groupId, userId, role: 'member', notAfterMs: this.#nowMs + GRANT_LIFE_MS } as const;
      const [own] = vouchFor({ key, proof: proof.slice(), memberEpoch }, [identity.deviceId], vouched);
      return await calls.joinGroup(groupId, own, options);
    } catch (error) {
      if (isNew) keys.forget(groupId);
      throw error;
    }
  }

  async #request(groupId: string, userId: string, options: CallOptions): Promise<JoinRequest> {
    const { calls } = this.#options;
    // Of further devices of the user's own they need not be admin to decide.
    const isOwn = userId === this.#options.userId;
    const { items } = await calls.listRequests(isOwn ? '' : groupId, options);
    const request = items.find((waiting) => waiting.groupId === groupId && waiting.userId === userId);
    if (request !== undefined) return request;
    throw new PeerError(
      'unknown_request',
      `Cannot accept ${userId}: no request to join ${groupId} waits; it may have been decided already`,
    );
  }

  async #roleOf(groupId: string, userId: string, right: OwnRight, options?: CallOptions): Promise<Role> {
    if (userId === this.#options.userId) return right.role;
    const { items } = await this.#options.calls.listMembers(groupId, options);
    if (!items.some((member) => member.userId === userId && member.role === 'admin')) return 'member';
    const proved = await this.#proved(groupId, userId, right, options);
    return proved.some(({ role }) => role === 'admin') ? 'admin' : 'member';
  }

  /** The devices of that member, and what they are: not by the word of a tracker, but by proofs. */
  async #proved(
    groupId: string,
    userId: string,
    right: OwnRight,
    options?: CallOptions,
  ): Promise<readonly Grant[]> {
    const { calls, keys } = this.#options;
    const groupKey = keyOfFounding(right.proof);
    const shown = (await calls.memberProofs(groupId, userId, options)).map(checkProof);
    return shown.flatMap((proof) => {
      if (!proof.isSound || !isSameBytes(proof.groupKey, groupKey) || keys.isRevoked(proof)) return [];
      const { member } = proof;
      return member.groupId === groupId && member.userId === userId && member.role !== 'invite'
        ? [member]
        : [];
    });
  }

  /** What is refused because the group changed meanwhile is done anew, a few times. */
  async #retrying<R>(change: () => Promise<R>, { signal }: CallOptions): Promise<R> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await change();
      } catch (error) {
        if (attempt > ATTEMPTS || !isCode(error, 'group_changed')) throw error;
        log('signs anew: %s', String(error));
      }
      await wait(this.#options.clock, PAUSE_MS * attempt, signal ?? new AbortController().signal);
      signal?.throwIfAborted();
    }
  }
}

/** Those that were compared before, of what a tracker tells of the request now. */
function stillIn(
  { groupId, userId, deviceIds }: JoinRequest,
  compared: readonly Uint8Array[],
): readonly Uint8Array[] {
  const still = deviceIds.filter((waiting) => compared.some((one) => isSameBytes(one, waiting)));
  if (still.length > 0 || deviceIds.length === 0) return still;
  throw new PeerError(
    'unknown_request',
    `Cannot accept ${userId}: the request to join ${groupId} is for other devices now than those that were compared`,
  );
}

function readCode(code: string): ReturnType<typeof readInvitation> {
  try {
    return readInvitation(code);
  } catch (cause) {
    const why = cause instanceof RpcError ? cause.message.replace(/^.*: /, '') : 'it is no code';
    throw new PeerError('bad_invitation', `Cannot read the invitation: ${why}; copy the whole code again`, {
      cause,
    });
  }
}

function requireSpan(expiresInMs: number): void {
  if (expiresInMs >= 1 && expiresInMs <= GRANT_LIFE_MS) return;
  throw new RangeError(`Cannot invite for ${expiresInMs} ms, expected 1 to ${GRANT_LIFE_MS}`);
}

function isCode(error: unknown, code: string): boolean {
  return error instanceof RpcError && error.code === code;
}

function notAdmitted(groupId: string, isMember: boolean): PeerError {
  const why = isMember
    ? `nothing lets this device in yet; accept it on another device of yours, or ask an admin`
    : `you are not a member; join it first`;
  return new PeerError('not_admitted', `Cannot act for ${groupId}: ${why}`);
}

function ownInvitation(groupId: string, userId: string): PeerError {
  return new PeerError(
    'own_invitation',
    `Cannot join ${groupId} by this invitation: ${userId} invited by it, or let in who did, and it is for others; ` +
      'join without it',
  );
}

function wrongGroup(groupId: string): PeerError {
  return new PeerError(
    'wrong_group_key',
    `Cannot join ${groupId}: the tracker shows another group of that name than the invitation is for; ` +
      'check the name with whoever invited you, and do not join if it is right',
  );
}
