/**
 * The tracker's messages as a peer uses them: with a request id for each write, which stays the same over retries, and
 * with the pages of a list joined. A name that no tracker would take is refused here, with `bad_name`.
 */
import { requireFileName } from '@minitorrent/chunk-store';
import type { Random } from '@minitorrent/rpc-core';
import { deviceIdOf } from '@minitorrent/rpc-core/identity';
import { lastGrantOf, toHex } from '@minitorrent/tracker/contract';
import type { CallOptions, FileSummary, GroupSummary, Listing } from '../groups.ts';
import { requireIdentifier } from '../names.ts';
import type { FileClaim } from '../shared-file-check.ts';
import type { TrackerClient } from '../tracker-client.ts';
import type { TrackerCall, TrackerCallOptions } from './call-router.ts';
import { allPages } from './pages.ts';
import type { TrackerLinks } from './tracker-links.ts';

const REQUEST_ID_BYTES = 16;

/** A file on a group's list, and what proves that it was shared by whom it says. */
export type ListedFile = FileClaim & Omit<FileSummary, 'sharedByDevice' | 'isSigned'>;

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

  async listFiles(groupId: string, options?: CallOptions): Promise<Listing<ListedFile>> {
    requireIdentifier('group', groupId);
    return allPages(async (after) => {
      const page = await this.#read((client, call) => client.list_file({ groupId, after }, call), {
        ...options,
        groupId,
      });
      return { ...page, items: withSharers(page) };
    });
  }

  async uploadFile(
    groupId: string,
    { file, signature }: Pick<FileClaim, 'file' | 'signature'>,
    options?: CallOptions,
  ): Promise<void> {
    requireIdentifier('group', groupId);
    const request = { requestId: this.#requestId(), groupId, file, signature };
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

  #requestId(): Uint8Array {
    return this.#random.bytes(REQUEST_ID_BYTES);
  }
}

type FilePage = Awaited<ReturnType<TrackerClient['list_file']>>;

/** Each file with the proof of the device that signed it, if the page has that. */
function withSharers({ files, sharers }: FilePage): ListedFile[] {
  const proofs = new Map<string, Uint8Array>();
  for (const proof of sharers) {
    const grant = lastGrantOf(proof);
    if (grant !== undefined) proofs.set(`${toHex(grant.deviceId)} ${grant.userId}`, proof);
  }
  return files.map((file) => {
    const { signature, sharedBy } = file;
    const sharer = signature && proofs.get(`${toHex(deviceIdOf(signature.publicKey))} ${sharedBy}`);
    return { ...file, sharer };
  });
}
