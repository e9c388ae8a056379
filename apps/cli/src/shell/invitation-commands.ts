/**
 * Commands about invitations: codes by which others join a group without anybody having to decide.
 */
import type { Peer } from '@minitorrent/peer';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { CliError } from '../cli-error.ts';
import { parseDuration } from '../duration.ts';
import { defineCommand, type ShellCommand } from './command.ts';
import { findById, findWhole, isWholeId } from './find-by-id.ts';

const groupId = { name: 'groupid', kind: 'group', summary: 'name of the group' } as const;

const invite: ShellCommand = defineCommand({
  name: 'invite',
  summary: 'Make a code by which others join a group of yours',
  parameters: [groupId],
  options: [
    {
      name: 'expires',
      kind: 'duration',
      summary: 'how long it can be used, such as 12h or 7d (default: 7d)',
    },
    { name: 'uses', kind: 'count', summary: 'how many can join by it (default: 1)' },
  ],
  async run({ peer, signal }, { groupid }, { expires, uses }) {
    const wanted = {
      ...(expires === undefined ? {} : { expiresInMs: readSpan(String(expires)) }),
      ...(uses === undefined ? {} : { maxUses: readUses(String(uses)) }),
    };
    const made = await peer.invite(groupid, { signal, ...wanted });
    const { code, inviteId, expiresAtMs, maxUses } = made;
    return {
      ...{ command: 'invite', groupId: groupid, code, inviteId: formatDeviceId(inviteId) },
      ...{ expiresAtMs, maxUses },
    };
  },
});

const listInvitations: ShellCommand = defineCommand({
  name: 'list_invitations',
  summary: 'List the invitations to a group of yours that can still be used',
  parameters: [groupId],
  async run({ peer, signal }, { groupid }) {
    const { items, mayBeStale } = await peer.listInvitations(groupid, { signal });
    return {
      command: 'list_invitations',
      groupId: groupid,
      invitations: items.map(({ inviteId, ...invitation }) => ({
        inviteId: formatDeviceId(inviteId),
        invitedBy: invitation.invitedBy,
        createdAtMs: invitation.createdAtMs,
        expiresAtMs: invitation.expiresAtMs,
        maxUses: invitation.maxUses,
        uses: invitation.uses,
      })),
      mayBeStale,
    };
  },
});

const revokeInvitation: ShellCommand = defineCommand({
  name: 'revoke_invitation',
  summary: 'End an invitation; who joined by it stays',
  parameters: [
    groupId,
    { name: 'id', kind: 'invitation', summary: 'its id, or the beginning of it, or its code' },
  ],
  async run({ peer, signal }, { groupid, id }) {
    const invitation = await findInvitation(peer, groupid, id, signal);
    await peer.revokeInvitation(groupid, invitation, { signal });
    const inviteId = typeof invitation === 'string' ? null : formatDeviceId(invitation);
    return { command: 'revoke_invitation', groupId: groupid, inviteId };
  },
});

export const invitationCommands: readonly ShellCommand[] = [invite, listInvitations, revokeInvitation];

/** A whole one that is no id of the list is a code: the two look alike. */
async function findInvitation(
  peer: Pick<Peer, 'listInvitations'>,
  groupid: string,
  text: string,
  signal: AbortSignal,
): Promise<Uint8Array | string> {
  const { items } = await peer.listInvitations(groupid, { signal });
  const ids = items.map(({ inviteId }) => inviteId);
  return isWholeId(text) ? (findWhole(text, ids) ?? text) : findById(text, ids);
}

function readSpan(text: string): number {
  const spanMs = parseDuration(text);
  if (spanMs > 0) return spanMs;
  throw new CliError('bad_duration', 'Cannot invite for no time: expected as in 12h or 7d');
}

function readUses(text: string): number {
  const uses = Number(text);
  if (/^\d{1,9}$/.test(text) && uses > 0) return uses;
  throw new CliError('bad_count', `Cannot invite ${JSON.stringify(text)} times: expected a whole number`);
}
