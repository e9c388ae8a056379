/**
 * The tracker's messages as a peer uses them: with a request id for each write, which stays the same over retries, and
 * with the pages of a list joined. A name that no tracker would take is refused here, with `bad_name`.
 */
import { requireFileName } from '@minitorrent/chunk-store';
import type { Random } from '@minitorrent/rpc-core';
import { requireIdentifier } from '../names.ts';
import type { CallOptions, FileSummary, GroupSummary, JoinRequest, Listing } from '../peer.ts';
import type { TrackerClient } from '../tracker-client.ts';
import type { TrackerCall, TrackerCallOptions } from './call-router.ts';
import type { TrackerLinks } from './tracker-links.ts';

const REQUEST_ID_BYTES = 16;

export class TrackerCalls {
  readonly #links: TrackerLinks;
  readonly #random: Random;

  constructor(links: TrackerLinks, random: Random) {
    this.#links = links;
    this.#random = random;
  }

  async createUser(userId: string, password: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), userId: requireIdentifier('user', userId), password };
    await this.#links.call((client, call) => client.create_user(request, call), options);
  }

  async createGroup(groupId: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId) };
    await this.#links.call((client, call) => client.create_group(request, call), options);
  }

  async joinGroup(groupId: string, options?: CallOptions): Promise<'member' | 'requested'> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId) };
    const { status } = await this.#links.call((client, call) => client.join_group(request, call), options);
    return status;
  }

  async leaveGroup(groupId: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId) };
    await this.#links.call((client, call) => client.leave_group(request, call), options);
  }

  async listGroups(options?: CallOptions): Promise<Listing<GroupSummary>> {
    return allPages(async (after) => {
      const page = await this.#read((client, call) => client.list_groups({ after }, call), options);
      return { ...page, items: page.groups };
    });
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

  async acceptRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#decision(groupId, userId);
    await this.#links.call((client, call) => client.accept_request(request, call), options);
  }

  async rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#decision(groupId, userId);
    await this.#links.call((client, call) => client.reject_request(request, call), options);
  }

  async listFiles(groupId: string, options?: CallOptions): Promise<Listing<FileSummary>> {
    requireIdentifier('group', groupId);
    return allPages(async (after) => {
      const page = await this.#read((client, call) => client.list_file({ groupId, after }, call), {
        ...options,
        groupId,
      });
      return { ...page, items: page.files };
    });
  }

  async uploadFile(groupId: string, file: FileSummary['file'], options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: requireIdentifier('group', groupId), file };
    await this.#links.call((client, call) => client.upload_file(request, call), options);
  }

  /**
   * The answer comes at once; the tracker's `make_file` follows. Each tracker knows the peers that told it of themselves, so
   * the others that may know some are asked too: their `make_file` adds what they know.
   */
  async downloadFile(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const request = { groupId: requireIdentifier('group', groupId), name: requireFileName(name) };
    const ask: TrackerCall<TrackerClient> = async (client, call) => {
      await client.download_file(request, call);
      return client;
    };
    const asked = await this.#read(ask, { ...options, groupId });
    this.#links.tellOtherKeepers(groupId, asked, ask);
  }

  async stopSharing(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const request = {
      requestId: this.#requestId(),
      groupId: requireIdentifier('group', groupId),
      name: requireFileName(name),
    };
    await this.#links.call((client, call) => client.stop_sharing(request, call), options);
  }

  #read<R>(call: TrackerCall<R>, options?: TrackerCallOptions): Promise<R> {
    return this.#links.call(call, { ...options, isRead: true });
  }

  #decision(groupId: string, userId: string): { requestId: Uint8Array; groupId: string; userId: string } {
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

/** Joins pages until one says that nothing follows. */
async function allPages<T>(
  page: (after: string) => Promise<Listing<T> & { readonly next: string }>,
): Promise<Listing<T>> {
  const all: T[] = [];
  let mayBeStale = false;
  for (let after = ''; ; ) {
    const { items, next, ...answer } = await page(after);
    all.push(...items);
    mayBeStale ||= answer.mayBeStale;
    // An empty page, or the same one again, must not keep us here for ever.
    if (next === '' || next === after || items.length === 0) return { items: all, mayBeStale };
    after = next;
  }
}
