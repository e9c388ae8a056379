/**
 * The tracker's messages about who is in a group, and on which devices, as a peer uses them: with a request id for each
 * write, and with the pages of a list joined. What has to be signed is signed by its caller.
 */
import type { Random } from '@minitorrent/rpc-core';
import type { Role } from '@minitorrent/tracker/contract';
import type { CallOptions, Device, GroupMember, Invitation, JoinRequest, Listing } from '../groups.ts';
import { requireIdentifier } from '../names.ts';
import type { TrackerCall } from './call-router.ts';
import { allPages } from './pages.ts';
import type { TrackerLinks } from './tracker-links.ts';

const REQUEST_ID_BYTES = 16;

/** What a tracker says of a group to one of its members' devices. */
export interface GroupStanding {
  readonly memberEpoch: number;
  /** What lets this device in, if anything does. */
  readonly proof: Uint8Array | undefined;
}

export class MemberCalls {
  readonly #links: Pick<TrackerLinks, 'call'>;
  readonly #random: Random;

  constructor(links: Pick<TrackerLinks, 'call'>, random: Random) {
    this.#links = links;
    this.#random = random;
  }

  async changePassword(password: string, newPassword: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), password, newPassword };
    await this.#links.call((client, call) => client.change_password(request, call), options);
  }

  async listDevices(options?: CallOptions): Promise<Listing<Device>> {
    const { devices, mayBeStale } = await this.#read(
      (client, call) => client.list_devices({}, call),
      options,
    );
    return { items: devices, mayBeStale };
  }

  async revokeDevice(deviceId: Uint8Array, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), deviceId };
    await this.#links.call((client, call) => client.revoke_device(request, call), options);
  }

  async createGroup(groupId: string, proof: Uint8Array, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId, proof };
    await this.#links.call((client, call) => client.create_group(request, call), options);
  }

  /** `proof` is by an invitation; without it an admin decides. */
  async joinGroup(
    groupId: string,
    proof: Uint8Array | undefined,
    options?: CallOptions,
  ): Promise<'member' | 'requested'> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId), proof };
    const { status } = await this.#links.call((client, call) => client.join_group(request, call), options);
    return status;
  }

  async listRequests(groupId: string, options?: CallOptions): Promise<Listing<JoinRequest>> {
    const group = groupId === '' ? '' : requireIdentifier('group', groupId);
    return allPages(async (after) => {
      const page = await this.#read(
        (client, call) => client.list_requests({ groupId: group, after }, call),
        options,
      );
      return { ...page, items: page.requests };
    });
  }

  async acceptRequest(
    groupId: string,
    userId: string,
    proofs: readonly Uint8Array[],
    options?: CallOptions,
  ): Promise<void> {
    const request = { ...this.#aboutMember(groupId, userId), proofs };
    await this.#links.call((client, call) => client.accept_request(request, call), options);
  }

  async rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#aboutMember(groupId, userId);
    await this.#links.call((client, call) => client.reject_request(request, call), options);
  }

  async listMembers(groupId: string, options?: CallOptions): Promise<Listing<GroupMember>> {
    requireIdentifier('group', groupId);
    return allPages(async (after) => {
      const page = await this.#read((client, call) => client.list_members({ groupId, after }, call), options);
      return { ...page, items: page.members };
    });
  }

  /** What a tracker says lets that member's devices in. For admins. */
  async memberProofs(groupId: string, userId: string, options?: CallOptions): Promise<readonly Uint8Array[]> {
    const request = { groupId: requireIdentifier('group', groupId), userId };
    const { proofs } = await this.#read((client, call) => client.member_proofs(request, call), options);
    return proofs.map((proof) => proof.slice());
  }

  async removeMember(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#aboutMember(groupId, userId);
    await this.#links.call((client, call) => client.remove_member(request, call), options);
  }

  async setRole(
    groupId: string,
    userId: string,
    { role, proofs }: { readonly role: Role; readonly proofs: readonly Uint8Array[] },
    options?: CallOptions,
  ): Promise<void> {
    const request = { ...this.#aboutMember(groupId, userId), role, proofs };
    await this.#links.call((client, call) => client.set_role(request, call), options);
  }

  async createInvitation(
    groupId: string,
    { proof, maxUses }: { readonly proof: Uint8Array; readonly maxUses: number },
    options?: CallOptions,
  ): Promise<void> {
    const request = { requestId: this.#requestId(), groupId, proof, maxUses };
    await this.#links.call((client, call) => client.create_invitation(request, call), options);
  }

  async listInvitations(groupId: string, options?: CallOptions): Promise<Listing<Invitation>> {
    const request = { groupId: requireIdentifier('group', groupId) };
    const { invitations: items, mayBeStale } = await this.#read(
      (client, call) => client.list_invitations(request, call),
      options,
    );
    return { items, mayBeStale };
  }

  async findInvitation(
    groupId: string,
    inviteId: Uint8Array,
    options?: CallOptions,
  ): Promise<{ readonly proof: Uint8Array; readonly memberEpoch: number }> {
    const request = { groupId: requireIdentifier('group', groupId), inviteId };
    return this.#read((client, call) => client.find_invitation(request, call), options);
  }

  async revokeInvitation(groupId: string, inviteId: Uint8Array, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId), inviteId };
    await this.#links.call((client, call) => client.revoke_invitation(request, call), options);
  }

  /** Undefined for a group that the user is no member of. */
  async standing(groupId: string, options?: CallOptions): Promise<GroupStanding | undefined> {
    return (await this.standings([requireIdentifier('group', groupId)], options)).get(groupId);
  }

  /** Of at most `MESSAGE_LIMITS.groupsPerStamps` groups: those that the user is a member of, as far as one answer goes. */
  async standings(
    groups: readonly string[],
    options?: CallOptions,
  ): Promise<ReadonlyMap<string, GroupStanding>> {
    const { stamps } = await this.#links.call(
      (client, call) => client.group_stamps({ groups }, call),
      options,
    );
    return new Map(
      stamps.map(({ groupId, memberEpoch, membership }) => [
        groupId,
        { memberEpoch, proof: membership?.proof.slice() },
      ]),
    );
  }

  #read<R>(call: TrackerCall<R>, options?: CallOptions): Promise<R> {
    return this.#links.call(call, { ...options, isRead: true });
  }

  #aboutMember(groupId: string, userId: string): { requestId: Uint8Array; groupId: string; userId: string } {
    return {
      requestId: this.#requestId(),
      groupId: requireIdentifier('group', groupId),
      userId: requireIdentifier('user', userId),
    };
  }

  #requestId(): Uint8Array {
    return this.#random.bytes(REQUEST_ID_BYTES);
  }
}
