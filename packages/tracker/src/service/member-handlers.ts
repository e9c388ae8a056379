/** Serves the messages about who is in a group: members, their roles, invitations, and stamps. */
import type { Handlers } from '@minitorrent/rpc-core';
import { grantOf, proofsOf, type UserDevice } from '../commands/grants.ts';
import { requireUsable } from '../commands/invitations.ts';
import type { trackerContract } from '../contract.ts';
import { deviceIdOf } from '../device-key.ts';
import { TrackerError } from '../errors.ts';
import { revocationsOf } from '../frozen-state.ts';
import { requireAdmin, requireGroup } from '../guards.ts';
import { MESSAGE_LIMITS } from '../message-limits.ts';
import type { Group, TrackerState } from '../model.ts';
import { memberPage, openInvitations } from '../queries.ts';
import { wallTimeMs } from '../wall-time.ts';
import type { ServiceParts } from './parts.ts';
import { readMarked } from './read-marked.ts';
import { Stamps } from './stamps.ts';

type MemberHandlers = Pick<
  Handlers<typeof trackerContract>,
  | 'create_invitation'
  | 'find_invitation'
  | 'group_stamps'
  | 'list_invitations'
  | 'list_members'
  | 'member_proofs'
  | 'remove_member'
  | 'revoke_invitation'
  | 'set_role'
>;
type GroupStamp = Awaited<ReturnType<MemberHandlers['group_stamps']>>['stamps'][number];

/** Of the 64 KiB that a control message may have. */
const ANSWER_BYTES = 60 * 1024;
/** What surrounds a proof in an answer: a name, a stamp and their lengths. */
const BESIDE_PROOF_BYTES = 512;
/** A user and a device id, an epoch, lengths. */
const REVOCATION_BYTES = 112;

export function createMemberHandlers(parts: ServiceParts): MemberHandlers {
  const { ledger, authority, sessions, clock } = parts;
  const stamps = new Stamps(parts);

  return {
    list_members: async ({ groupId, after }, { connection }) => {
      const { userId } = sessions.require(connection);
      const ask = { groupId, userId, after, maxBytes: ANSWER_BYTES };
      const { answer, mayBeStale } = await readMarked(parts, (state) => memberPage(state, ask));
      const { items, next, memberEpoch } = answer;
      return { members: items, next, memberEpoch, mayBeStale };
    },

    member_proofs: async ({ groupId, userId }, { connection }) => {
      const by = sessions.require(connection).userId;
      const { answer, mayBeStale } = await readMarked(parts, (state) => {
        const group = requireGroup(state, groupId);
        requireAdmin(group, by);
        return { proofs: upToLimit(proofsOf(group, userId)), memberEpoch: group.memberEpoch };
      });
      return { ...answer, mayBeStale };
    },

    remove_member: async ({ requestId, groupId, userId }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      if (userId === by) throw removesItself(groupId);
      const about = { groupId, userId, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'remove_member', ...about }, { requestId, signal });
      return {};
    },

    set_role: async ({ requestId, groupId, userId, role, proofs }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const about = { groupId, userId, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'set_role', ...about, role, proofs }, { requestId, signal });
      return {};
    },

    create_invitation: async ({ requestId, groupId, proof, maxUses }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const invitation = { groupId, proof, maxUses, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'create_invitation', ...invitation }, { requestId, signal });
      return {};
    },

    revoke_invitation: async ({ requestId, groupId, inviteId }, { connection, signal }) => {
      const { userId: by, byDevice } = sessions.requireAsker(connection);
      const about = { groupId, inviteId, by, byDevice, atMs: wallTimeMs(clock) };
      await authority.execute({ kind: 'revoke_invitation', ...about }, { requestId, signal });
      return {};
    },

    find_invitation: async ({ groupId, inviteId }, { connection }) => {
      sessions.require(connection);
      return ledger.read((state) => {
        const group = requireGroup(state, groupId);
        const { proof } = requireUsable(group, inviteId, wallTimeMs(clock));
        return { proof, memberEpoch: group.memberEpoch };
      });
    },

    list_invitations: async ({ groupId }, { connection }) => {
      const { userId } = sessions.require(connection);
      const ask = { groupId, userId, nowMs: wallTimeMs(clock) };
      const { answer: invitations, mayBeStale } = await readMarked(parts, (state) =>
        openInvitations(state, ask),
      );
      return { invitations, mayBeStale };
    },

    group_stamps: async ({ groups }, { connection }) => {
      const session = sessions.require(connection);
      const who = { userId: session.userId, deviceId: deviceIdOf(session.device) };
      const { answer: found, mayBeStale } = await readMarked(parts, (state) =>
        stampable(state, groups, who, wallTimeMs(clock)),
      );
      // Asked again and last: what follows is signed within the same turn.
      if (mayBeStale || authority.mayBeStale()) throw mayBeOld();
      const still = found.map((one) => stillIn(ledger.latest, one, who));
      return { stamps: still.map((one) => stamped(stamps, one, who)) };
    },
  };
}

interface Stampable {
  readonly groupId: string;
  readonly memberEpoch: number;
  readonly groupKey: Uint8Array | undefined;
  readonly proof: Uint8Array | undefined;
  readonly revoked: GroupStamp['revoked'];
}

/** Of the groups those that the user is a member of, each once, as many as an answer holds. */
function stampable(
  state: TrackerState,
  groupIds: readonly string[],
  who: UserDevice,
  nowMs: number,
): readonly Stampable[] {
  const found: Stampable[] = [];
  let bytes = 0;
  for (const groupId of new Set(groupIds)) {
    const group = state.groups.get(groupId);
    if (group?.members.has(who.userId) !== true) continue;
    const { memberEpoch, groupKey } = group;
    const proof = grantOf(group, who, nowMs)?.proof;
    const revoked = latestRevoked(group);
    bytes += BESIDE_PROOF_BYTES + (proof?.length ?? 0) + revoked.length * REVOCATION_BYTES;
    if (bytes > ANSWER_BYTES) break;
    found.push({ groupId, memberEpoch, groupKey, proof, revoked });
  }
  return found;
}

/** The first ones that fit into one message. */
function upToLimit(proofs: readonly Uint8Array[]): readonly Uint8Array[] {
  let bytes = 0;
  return proofs.filter((proof) => {
    bytes += proof.length;
    return bytes <= MESSAGE_LIMITS.proofsBytes;
  });
}

function latestRevoked(group: Group): GroupStamp['revoked'] {
  return revocationsOf(group).slice(-MESSAGE_LIMITS.revocationsPerStamp);
}

/** Whoever was removed while the read waited gets no stamp. */
function stillIn(state: TrackerState, one: Stampable, who: UserDevice): Stampable {
  const group = state.groups.get(one.groupId);
  const grant = group && grantOf(group, who, 0);
  return grant === undefined ? { ...one, proof: undefined } : one;
}

function stamped(
  stamps: Stamps,
  { groupId, memberEpoch, groupKey, proof, revoked }: Stampable,
  who: UserDevice,
): GroupStamp {
  if (proof === undefined || groupKey === undefined) return { groupId, memberEpoch, revoked };
  const stamp = stamps.give({ groupKey, ...who, memberEpoch });
  return { groupId, memberEpoch, membership: { proof, stamp }, revoked };
}

function removesItself(groupId: string): TrackerError {
  return new TrackerError('not_allowed', `Cannot remove yourself from ${groupId}; leave it with leave_group`);
}

function mayBeOld(): TrackerError {
  return new TrackerError(
    'not_primary',
    'This tracker may not know the latest, and vouches for nobody; another tracker may',
  );
}
