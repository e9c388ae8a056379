/**
 * Commands about the members of a group: who they are, who leaves, who decides.
 */
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { defineCommand, type ShellCommand } from './command.ts';

const groupId = { name: 'groupid', kind: 'group', summary: 'name of the group' } as const;
const member = { name: 'userid', kind: 'member', summary: 'a member of the group' } as const;

const listMembers: ShellCommand = defineCommand({
  name: 'list_members',
  summary: 'List the members of a group with their devices, and the key of the group',
  parameters: [groupId],
  async run({ peer, signal }, { groupid }) {
    const { items, mayBeStale, groupKey } = await peer.listMembers(groupid, { signal });
    return {
      command: 'list_members',
      groupId: groupid,
      groupKey: groupKey === undefined ? null : formatDeviceId(groupKey),
      members: items.map(({ userId, role, sinceMs, deviceIds }) => ({
        userId,
        role,
        sinceMs,
        deviceIds: deviceIds.map(formatDeviceId),
      })),
      mayBeStale,
    };
  },
});

const removeMember: ShellCommand = defineCommand({
  name: 'remove_member',
  summary: 'Take somebody out of a group of yours, with all their devices, at once',
  parameters: [groupId, member],
  async run({ peer, signal }, { groupid, userid }) {
    await peer.removeMember(groupid, userid, { signal });
    const { items } = await peer.listInvitations(groupid, { signal });
    return { command: 'remove_member', groupId: groupid, userId: userid, openInvitations: items.length };
  },
});

const makeAdmin: ShellCommand = defineCommand({
  name: 'make_admin',
  summary: 'Let a member decide on who is in a group of yours',
  parameters: [groupId, member],
  async run({ peer, signal }, { groupid, userid }) {
    const { deviceIds } = await peer.makeAdmin(groupid, userid, { signal });
    const signed = deviceIds.map(formatDeviceId);
    return { command: 'make_admin', groupId: groupid, userId: userid, deviceIds: signed };
  },
});

const unmakeAdmin: ShellCommand = defineCommand({
  name: 'unmake_admin',
  summary: 'Make an admin of a group of yours a plain member',
  parameters: [groupId, member],
  async run({ peer, signal }, { groupid, userid }) {
    const { deviceIds } = await peer.unmakeAdmin(groupid, userid, { signal });
    const signed = deviceIds.map(formatDeviceId);
    return { command: 'unmake_admin', groupId: groupid, userId: userid, deviceIds: signed };
  },
});

export const memberCommands: readonly ShellCommand[] = [listMembers, removeMember, makeAdmin, unmakeAdmin];
