/**
 * What one logged-in user shares and downloads on this device.
 *
 * It takes up at login what the library remembers, and lets go at logout; in between it keeps library, served files and
 * running downloads in step. What travels over the network is the business of its parts.
 */
import { join } from 'node:path';
import { type DownloadStore, prepareDownload } from '@minitorrent/chunk-store';
import { type Clock, type Random, RpcError } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { type AnnouncedFile, type PeerAddress, toHex } from '@minitorrent/tracker/contract';
import { PeerError } from '../errors.ts';
import type { EventHub } from '../event-hub.ts';
import type { FileDescription } from '../file-description.ts';
import type { CallOptions } from '../groups.ts';
import type { PeerEvents } from '../peer.ts';
import { badSignature, SharedFileCheck } from '../shared-file-check.ts';
import type { ByteRange, DownloadOptions, PickStrategyName, Share, ShareOptions } from '../transfers.ts';
import type { Announcers } from './announcers.ts';
import { DownloadTask } from './download-task.ts';
import type { DownloadRecord, Library } from './library.ts';
import type { Pace } from './pace.ts';
import type { PeerPool } from './peer-pool.ts';
import type { SharedFiles } from './shared-files.ts';
import { Shelf } from './shelf.ts';
import type { TrackerCalls } from './tracker-calls.ts';
import type { Uplink } from './uplink.ts';

export interface WorkspaceOptions {
  readonly userId: string;
  readonly identity: Identity;
  readonly deviceId: Uint8Array;
  readonly dataDir: string;
  readonly downloadDir: string;
  readonly library: Library;
  readonly files: SharedFiles;
  readonly uplink: Uplink;
  readonly calls: TrackerCalls;
  readonly announcers: Announcers;
  readonly pool: PeerPool;
  readonly downPace: Pace;
  readonly clock: Clock;
  readonly random: Random;
  readonly events: EventHub<PeerEvents>;
  /** The key that is pinned for a group. */
  groupKey(groupId: string): Uint8Array | undefined;
  /** Has it pinned by what lets this device in. Fails with `not_admitted`. */
  learnGroupKey(groupId: string, options: CallOptions): Promise<void>;
}

export class Workspace {
  readonly #options: WorkspaceOptions;
  readonly #shelf: Shelf;
  readonly #downloads = new Map<string, DownloadTask>();

  constructor(options: WorkspaceOptions) {
    this.#options = options;
    this.#shelf = new Shelf(options);
  }

  /** Shares again what was shared, and goes on with what was on its way. */
  async resume(): Promise<void> {
    const { library, userId, announcers } = this.#options;
    await this.#shelf.resume();
    for (const record of library.downloads(userId)) this.#start(record, { resumed: record });
    announcers.nudge();
  }

  shares(): Share[] {
    return this.#shelf.shares();
  }

  downloads(): DownloadTask[] {
    return [...this.#downloads.values()];
  }

  /** What a tracker is to know of. */
  announced(): AnnouncedFile[] {
    return this.#options.files.all().map(({ groupId, store }) => {
      return { groupId, root: store.manifest.root, holding: store.have.isComplete ? 'complete' : 'partial' };
    });
  }

  async uploadFile(groupId: string, path: string, options: ShareOptions = {}): Promise<Share> {
    const share = await this.#shelf.upload(groupId, path, options);
    // Whoever hears of the file from now on finds a peer that has it.
    await this.#options.announcers.flush();
    return share;
  }

  /** Answers once the tracker has described the file and its store is open. */
  async downloadFile(groupId: string, name: string, options: DownloadOptions = {}): Promise<DownloadTask> {
    const { library, userId, downloadDir } = this.#options;
    options.signal?.throwIfAborted();
    if (this.#downloads.has(keyOf(groupId, name))) {
      throw new PeerError(
        'already_downloading',
        `Cannot download ${name} of ${groupId}: it is on its way already`,
      );
    }
    const path = this.#shelf.pathOf(groupId, name);
    if (path !== undefined) {
      throw new PeerError(
        'already_here',
        `Cannot download ${name} of ${groupId}: it is here already, at ${path}`,
      );
    }
    const { folder = downloadDir, strategy = 'rarest-first', overwrite = false } = options;
    const record = { userId, groupId, name, folder, strategy, overwrite };
    const task = this.#start(record, { first: options.first });
    const abort = (): void =>
      void task.close(new PeerError('cancelled', `The download of ${name} was cancelled`));
    options.signal?.addEventListener('abort', abort);
    try {
      await task.described;
      library.putDownload({ ...record, description: task.description });
      return task;
    } finally {
      options.signal?.removeEventListener('abort', abort);
    }
  }

  async stopSharing(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const task = this.#downloads.get(keyOf(groupId, name));
    if (task !== undefined) await task.cancel();
    else await this.#shelf.remove(groupId, name, options);
  }

  /**
   * The user left the group: nothing of it is served or fetched, and what was fetched in part is removed. Fails where that
   * could not be, when all else is done.
   */
  async leave(groupId: string): Promise<void> {
    const ours = this.downloads().filter((task) => task.groupId === groupId);
    const cancelled = await Promise.allSettled(ours.map((task) => task.cancel()));
    await this.#shelf.leave(groupId);
    for (const end of cancelled) if (end.status === 'rejected') throw end.reason;
  }

  /** A tracker says that this user is not in the group any more: the same, but what was fetched stays, and it is told why. */
  async removed(groupId: string): Promise<void> {
    for (const task of this.downloads()) if (task.groupId === groupId) await task.close(removedFrom(task));
    await this.#shelf.leave(groupId);
  }

  /**
   * The tracker's `make_file`. Fails with `unknown_download` where none waits for it, and with `bad_signature` where its
   * sharer did not sign it, which the tracker is told.
   */
  describe(groupId: string, description: FileDescription): void {
    const task = this.#downloads.get(keyOf(groupId, description.file.name));
    try {
      if (task?.describe(description) === true) return;
    } catch (error) {
      if (error instanceof PeerError) throw new RpcError(error.code, error.message, { cause: error });
      throw error;
    }
    throw new RpcError('unknown_download', `Cannot make ${description.file.name}: nobody here asked for it`);
  }

  /** Peers that came with the answer to an announce. */
  peersFound(groupId: string, root: Uint8Array, peers: readonly PeerAddress[]): void {
    for (const task of this.#downloads.values()) {
      const isMeant = task.groupId === groupId && task.root !== undefined && toHex(task.root) === toHex(root);
      if (isMeant) task.peersFound(peers);
    }
  }

  /** Stops everything; it goes on at the next `resume`. Idempotent. */
  async close(): Promise<void> {
    await Promise.all(this.downloads().map((task) => task.close()));
    await this.#shelf.close();
  }

  /** `resumed`: it is in the library since an earlier run, with what was known then. */
  #start(
    record: Omit<DownloadRecord, 'description'>,
    how: {
      readonly resumed?: Pick<DownloadRecord, 'description'>;
      readonly first?: ByteRange | undefined;
    } = {},
  ): DownloadTask {
    const { groupId, name } = record;
    const { calls, files, announcers, events, dataDir, library, userId } = this.#options;
    const { groupKey, learnGroupKey } = this.#options;
    const task = new DownloadTask({
      ...this.#options,
      ...how,
      ...{ groupId, name, folder: record.folder, overwrite: record.overwrite },
      leavesDir: join(dataDir, 'leaves'),
      prepareStore: prepareDownload,
      strategy: strategyNamed(record.strategy),
      requestFile: async (signal) => {
        if (groupKey(groupId) === undefined) await learnGroupKey(groupId, { signal });
        await calls.downloadFile(groupId, name, { signal });
      },
      check: (claim) => {
        const verdict = new SharedFileCheck(groupId, groupKey(groupId)).check(claim);
        return verdict.isSigned ? undefined : badSignature(groupId, claim, verdict.reason);
      },
      onLearned: (description) => library.describeDownload(userId, groupId, name, description),
      onOpened: (store) => {
        const file = files.put(groupId, store, { copiesOf: (index) => task.copiesOf(index) });
        announcers.nudge();
        events.emit('download-started', task);
        return (indices) => file.feed.add(indices);
      },
      onNeedPeers: () => announcers.nudge(),
      onBanned: (userId, piece) => events.emit('peer-banned', { groupId, name, userId, piece }),
      onCompleted: (store) => this.#completed(task, store),
      onEnded: (error) => this.#ended(task, error),
    });
    this.#downloads.set(keyOf(groupId, name), task);
    task.start();
    return task;
  }

  async #completed(task: DownloadTask, store: DownloadStore): Promise<void> {
    const { library, userId, announcers, events } = this.#options;
    await this.#shelf.adopt(task.groupId, store);
    this.#downloads.delete(keyOf(task.groupId, task.name));
    library.removeDownload(userId, task.groupId, task.name);
    announcers.nudge();
    events.emit('download-completed', task);
  }

  /** It failed, was cancelled, or this peer is closing: then, and then alone, the library keeps it. */
  #ended(task: DownloadTask, error: Error): void {
    const { library, userId, files, announcers, events } = this.#options;
    const { groupId, name, root } = task;
    this.#downloads.delete(keyOf(groupId, name));
    if (root !== undefined && files.has(groupId, root)) {
      files.remove(groupId, root);
      announcers.nudge();
    }
    const code = error instanceof PeerError ? error.code : undefined;
    if (code === 'closed') return;
    library.removeDownload(userId, groupId, name);
    if (code !== 'cancelled') events.emit('download-failed', task, error);
  }
}

function keyOf(groupId: string, name: string): string {
  return `${groupId}/${name}`;
}

function removedFrom({ groupId, name, path }: DownloadTask): PeerError {
  const kept = path === undefined ? '' : ` (what was fetched stays in ${path})`;
  const why = `you are no longer a member of ${groupId}, for an admin removed you, or you left it on another device`;
  return new PeerError('removed_from_group', `Cannot go on with ${name}${kept}: ${why}`);
}

function strategyNamed(text: string): PickStrategyName {
  return text === 'random' || text === 'sequential' ? text : 'rarest-first';
}
