/**
 * The tracker's messages as a peer uses them: with a request id for each write, which stays the same over retries, and
 * with the pages of a list joined. A name that no tracker would take is refused here, with `bad_name`.
 */
import { checkIdentifier, requireFileName } from '@minitorrent/chunk-store';
import type { Random } from '@minitorrent/rpc-core';
import { PeerError } from '../errors.ts';
import type { CallOptions, FileSummary, GroupSummary, JoinRequest, Listing } from '../peer.ts';
import type { TrackerLink } from './tracker-link.ts';

const REQUEST_ID_BYTES = 16;

export class TrackerCalls {
  readonly #link: TrackerLink;
  readonly #random: Random;

  constructor(link: TrackerLink, random: Random) {
    this.#link = link;
    this.#random = random;
  }

  async createUser(userId: string, password: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), userId: checked('user', userId), password };
    await this.#link.call((client, call) => client.create_user(request, call), options);
  }

  async login(
    login: { readonly userId: string; readonly password: string; readonly deviceId: Uint8Array },
    options?: CallOptions,
  ): Promise<void> {
    checked('user', login.userId);
    await this.#link.call((client, call) => client.login(login, call), options);
  }

  async createGroup(groupId: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: checked('group', groupId) };
    await this.#link.call((client, call) => client.create_group(request, call), options);
  }

  async joinGroup(groupId: string, options?: CallOptions): Promise<'member' | 'requested'> {
    const request = { requestId: this.#requestId(), groupId: checked('group', groupId) };
    const { status } = await this.#link.call((client, call) => client.join_group(request, call), options);
    return status;
  }

  async leaveGroup(groupId: string, options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: checked('group', groupId) };
    await this.#link.call((client, call) => client.leave_group(request, call), options);
  }

  async listGroups(options?: CallOptions): Promise<Listing<GroupSummary>> {
    return allPages(async (after) => {
      const page = await this.#link.call((client, call) => client.list_groups({ after }, call), options);
      return { ...page, items: page.groups };
    });
  }

  async listRequests(groupId: string, options?: CallOptions): Promise<Listing<JoinRequest>> {
    const group = groupId === '' ? '' : checked('group', groupId);
    return allPages(async (after) => {
      const page = await this.#link.call(
        (client, call) => client.list_requests({ groupId: group, after }, call),
        options,
      );
      return { ...page, items: page.requests };
    });
  }

  async acceptRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#decision(groupId, userId);
    await this.#link.call((client, call) => client.accept_request(request, call), options);
  }

  async rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    const request = this.#decision(groupId, userId);
    await this.#link.call((client, call) => client.reject_request(request, call), options);
  }

  async listFiles(groupId: string, options?: CallOptions): Promise<Listing<FileSummary>> {
    checked('group', groupId);
    return allPages(async (after) => {
      const page = await this.#link.call(
        (client, call) => client.list_file({ groupId, after }, call),
        options,
      );
      return { ...page, items: page.files };
    });
  }

  async uploadFile(groupId: string, file: FileSummary['file'], options?: CallOptions): Promise<void> {
    const request = { requestId: this.#requestId(), groupId: checked('group', groupId), file };
    await this.#link.call((client, call) => client.upload_file(request, call), options);
  }

  /** The answer comes at once; the tracker's `make_file` follows. */
  async downloadFile(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const request = { groupId: checked('group', groupId), name: requireFileName(name) };
    await this.#link.call((client, call) => client.download_file(request, call), options);
  }

  async stopSharing(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const request = {
      requestId: this.#requestId(),
      groupId: checked('group', groupId),
      name: requireFileName(name),
    };
    await this.#link.call((client, call) => client.stop_sharing(request, call), options);
  }

  #decision(groupId: string, userId: string): { requestId: Uint8Array; groupId: string; userId: string } {
    return {
      requestId: this.#requestId(),
      groupId: checked('group', groupId),
      userId: checked('user', userId),
    };
  }

  #requestId(): Uint8Array {
    return this.#random.bytes(REQUEST_ID_BYTES);
  }
}

function checked(what: 'user' | 'group', id: string): string {
  const problem = checkIdentifier(id);
  if (problem === undefined) return id;
  // JSON keeps the control characters of a hostile name out of the message.
  const shown = JSON.stringify(id.slice(0, 80));
  throw new PeerError(
    'bad_name',
    `Cannot use ${shown} as the name of a ${what}: ${problem.replaceAll('_', ' ')}`,
  );
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
