/**
 * Commands for groups and for who is in them.
 */
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { defineCommand, type ShellCommand } from './command.ts';

const groupId = { name: 'groupid', kind: 'group', summary: 'name of the group' } as const;
const requester = { name: 'userid', kind: 'requester', summary: 'the user who asked' } as const;

const createGroup: ShellCommand = defineCommand({
  name: 'create_group',
  summary: 'Create a group and become its admin',
  parameters: [{ name: 'groupid', kind: 'group', summary: 'name of the new group, 1 to 64 bytes' }],
  async run({ peer, signal }, { groupid }) {
    await peer.createGroup(groupid, { signal });
    return { command: 'create_group', groupId: groupid };
  },
});

const joinGroup: ShellCommand = defineCommand({
  name: 'join_group',
  summary: 'Ask to join a group; an admin of it decides, or has invited you with a code',
  parameters: [groupId, { name: 'code', kind: 'code', summary: 'the code of an invitation', optional: true }],
  async run({ peer, signal }, { groupid, code }) {
    const invited = code === undefined ? {} : { invitation: code };
    const status = await peer.joinGroup(groupid, { signal, ...invited });
    return { command: 'join_group', groupId: groupid, status, deviceId: formatDeviceId(peer.deviceId) };
  },
});

const leaveGroup: ShellCommand = defineCommand({
  name: 'leave_group',
  summary: 'Leave a group',
  parameters: [groupId],
  async run({ peer, signal }, { groupid }) {
    await peer.leaveGroup(groupid, { signal });
    return { command: 'leave_group', groupId: groupid };
  },
});

const listGroups: ShellCommand = defineCommand({
  name: 'list_groups',
  summary: 'List all groups and what you are in each',
  async run({ peer, signal }) {
    const { items, mayBeStale } = await peer.listGroups({ signal });
    return {
      command: 'list_groups',
      groups: items.map(({ groupId, members, files, standing }) => ({ groupId, members, files, standing })),
      mayBeStale,
    };
  },
});

const listRequests: ShellCommand = defineCommand({
  name: 'list_requests',
  summary: 'List who waits to join your groups, and with which devices',
  parameters: [{ ...groupId, summary: 'only this group', optional: true }],
  async run({ peer, requests, signal }, { groupid }) {
    const { items, mayBeStale } = await peer.listRequests(groupid, { signal });
    for (const request of items) requests.show(request);
    return {
      command: 'list_requests',
      requests: items.map(({ groupId, userId, requestedAtMs, deviceIds }) => ({
        ...{ groupId, userId, requestedAtMs },
        deviceIds: deviceIds.map(formatDeviceId),
      })),
      mayBeStale,
    };
  },
});

const acceptRequest: ShellCommand = defineCommand({
  name: 'accept_request',
  summary: 'Let somebody into a group of yours, or another device of your own',
  parameters: [groupId, requester],
  async run({ peer, requests, signal }, { groupid, userid }) {
    // What a tracker put in since nobody has compared.
    const compared = requests.devicesOf(groupid, userid);
    const options = { signal, ...(compared && { deviceIds: compared }) };
    const { deviceIds } = await peer.acceptRequest(groupid, userid, options);
    requests.forget(groupid, userid);
    const who = { groupId: groupid, userId: userid, isOwn: userid === peer.userId };
    return { command: 'accept_request', ...who, deviceIds: deviceIds.map(formatDeviceId) };
  },
});

const rejectRequest: ShellCommand = defineCommand({
  name: 'reject_request',
  summary: 'Refuse somebody who asked to join a group of yours',
  parameters: [groupId, requester],
  async run({ peer, requests, signal }, { groupid, userid }) {
    await peer.rejectRequest(groupid, userid, { signal });
    requests.forget(groupid, userid);
    return { command: 'reject_request', groupId: groupid, userId: userid };
  },
});

export const groupCommands: readonly ShellCommand[] = [
  createGroup,
  joinGroup,
  leaveGroup,
  listGroups,
  listRequests,
  acceptRequest,
  rejectRequest,
];
