/**
 * The complete files that one user serves from where they lie.
 *
 * Each is in the library with its piece layer, so that after a restart it is served again without hashing it; one that
 * changed or went away meanwhile is kept on the list, said to be so, and not served.
 */
import { rename } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import {
  type ChunkStore,
  type DownloadStore,
  type FileDescriptor,
  openSource,
  StoreError,
  type StoreErrorCode,
  verifyPieceLayer,
} from '@minitorrent/chunk-store';
import { RpcError } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { signFile, toHex } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import type { EventHub } from '../event-hub.ts';
import type { CallOptions } from '../groups.ts';
import type { PeerEvents } from '../peer.ts';
import type { Share, ShareOptions } from '../transfers.ts';
import type { Announcers } from './announcers.ts';
import { hashSource, leavesPath } from './hash-source.ts';
import type { Library, ShareRecord } from './library.ts';
import type { SharedFiles } from './shared-files.ts';
import type { TrackerCalls } from './tracker-calls.ts';
import type { Uplink } from './uplink.ts';

const log = createDebug('minitorrent:peer:shelf');

export interface ShelfOptions {
  readonly userId: string;
  /** Signs what is shared. */
  readonly identity: Identity;
  readonly dataDir: string;
  readonly library: Library;
  readonly files: SharedFiles;
  readonly uplink: Uplink;
  readonly calls: TrackerCalls;
  readonly announcers: Announcers;
  readonly events: EventHub<PeerEvents>;
}

interface Entry {
  readonly record: ShareRecord;
  readonly state: Share['state'];
  readonly store?: ChunkStore;
}

export class Shelf {
  readonly #options: ShelfOptions;
  readonly #entries = new Map<string, Entry>();

  constructor(options: ShelfOptions) {
    this.#options = options;
  }

  get #leavesDir(): string {
    return join(this.#options.dataDir, 'leaves');
  }

  shares(): Share[] {
    return [...this.#entries.values()].map((entry) => this.#toShare(entry));
  }

  /** Serves what the library remembers. */
  async resume(): Promise<void> {
    const { library, userId } = this.#options;
    for (const record of library.shares(userId)) {
      const entry = await this.#open(record);
      this.#put(entry);
      if (entry.state !== 'serving') this.#options.events.emit('share-changed', this.#toShare(entry));
    }
  }

  /** Where this user has the file of that name in the group; undefined when it is not here, or not as it was. */
  pathOf(groupId: string, name: string): string | undefined {
    const entry = this.#entries.get(keyOf(groupId, name));
    return entry?.state === 'serving' ? entry.record.path : undefined;
  }

  /** Hashes the file, tells the tracker, remembers and serves it. */
  async upload(groupId: string, path: string, options: ShareOptions): Promise<Share> {
    const { library, userId } = this.#options;
    const source = resolve(path);
    const { manifest, identity } = await hashSource(source, this.#leavesDir, options);
    const { name, size, pieceLength, root, pieceLayer } = manifest;
    const file = { name, size, pieceLength, root };
    await this.#tell(groupId, file, options);
    const { modifiedNs } = identity;
    const record: ShareRecord = {
      userId,
      groupId,
      file,
      path: source,
      pieceLayer,
      modifiedNs,
      origin: 'uploaded',
    };
    await this.#drop(groupId, name);
    const entry = await this.#open(record);
    library.putShare(record);
    this.#put(entry);
    return this.#toShare(entry);
  }

  /** Goes on serving a file that was just downloaded, from where it lies now; closes `store`. */
  async adopt(groupId: string, store: DownloadStore): Promise<void> {
    const { library, userId } = this.#options;
    const { name, size, pieceLength, root, pieceLayer } = store.manifest;
    const file = { name, size, pieceLength, root };
    const modifiedNs = store.identity?.modifiedNs ?? 0n;
    const record = {
      userId,
      groupId,
      file,
      path: store.path,
      pieceLayer,
      modifiedNs,
      origin: 'downloaded',
    } as const;
    library.putShare(record);
    // Where it is looked for whenever the file is opened again: else every leaf would be hashed again.
    await rename(store.leavesPath, this.#leavesPath(root)).catch((error: unknown) => {
      log('cannot keep the leaf hashes of %s: %s', store.path, String(error));
    });
    const entry = await this.#open(record);
    this.#put(entry);
    // With it goes its lock: what is complete needs none.
    await store.close();
    if (entry.state !== 'serving') this.#notServed(entry);
  }

  /** Serves the file no more; takes it out of the group when this user brought it there. */
  async remove(groupId: string, name: string, options?: CallOptions): Promise<void> {
    const entry = this.#entries.get(keyOf(groupId, name));
    if (entry === undefined) {
      throw new PeerError(
        'not_shared_here',
        `Cannot stop sharing ${name}: it is not shared here in ${groupId}`,
      );
    }
    if (entry.record.origin === 'uploaded') await this.#takeOutOfGroup(groupId, name, options);
    await this.#forget(entry);
  }

  /** Serves nothing of this group any more. */
  async leave(groupId: string): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      if (entry.record.groupId === groupId) await this.#forget(entry);
    }
  }

  /** Closes every file; the library keeps them for the next time. */
  async close(): Promise<void> {
    for (const { groupId, file } of [...this.#entries.values()].map(({ record }) => record)) {
      await this.#drop(groupId, file.name);
    }
  }

  #leavesPath(root: Uint8Array): string {
    return leavesPath(this.#leavesDir, toHex(root));
  }

  async #open(record: ShareRecord): Promise<Entry> {
    const { path, modifiedNs, file } = record;
    const identity = { size: file.size, modifiedNs };
    const leavesPath = this.#leavesPath(file.root);
    try {
      const manifest = verifyPieceLayer(file, record.pieceLayer);
      return { record, state: 'serving', store: await openSource({ manifest, path, identity, leavesPath }) };
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      log('cannot serve %s: %s', path, error.message);
      return { record, state: STATES[error.code] ?? 'changed' };
    }
  }

  #put(entry: Entry): void {
    const { groupId, file } = entry.record;
    this.#entries.set(keyOf(groupId, file.name), entry);
    const { files } = this.#options;
    if (entry.store === undefined) files.remove(groupId, file.root);
    else files.put(groupId, entry.store, { onLost: () => void this.#reopen(entry) });
  }

  /** A piece could not be read: looks whether the file is still the one that was shared. */
  async #reopen(lost: Entry): Promise<void> {
    const { groupId, file } = lost.record;
    if (this.#entries.get(keyOf(groupId, file.name)) !== lost) return;
    await this.#drop(groupId, file.name);
    const entry = await this.#open(lost.record);
    this.#put(entry);
    if (entry.state !== 'serving') this.#notServed(entry);
  }

  #notServed(entry: Entry): void {
    this.#options.announcers.nudge();
    this.#options.events.emit('share-changed', this.#toShare(entry));
  }

  /** Puts the file on the group's list, signed by this device. */
  async #tell(groupId: string, file: FileDescriptor, options: CallOptions): Promise<void> {
    const { calls, identity, userId } = this.#options;
    const signature = signFile(identity, { groupId, userId, file });
    try {
      await calls.uploadFile(groupId, { file, signature }, options);
    } catch (cause) {
      if (!(cause instanceof RpcError) || cause.code !== 'bad_signature') throw cause;
      const message = `Cannot share ${file.name} in ${groupId}: nothing lets this device in yet; accept it on another device of yours, or ask an admin`;
      throw new PeerError('not_admitted', message, { cause });
    }
  }

  async #takeOutOfGroup(groupId: string, name: string, options: CallOptions | undefined): Promise<void> {
    try {
      await this.#options.calls.stopSharing(groupId, name, options);
    } catch (error) {
      // Taken out already, or the user is no longer a member: then there is nothing left to take out.
      if (!(error instanceof RpcError) || !GONE.has(error.code)) throw error;
    }
  }

  async #forget({ record: { groupId, file, userId } }: Entry): Promise<void> {
    this.#options.library.removeShare(userId, groupId, file.name);
    this.#options.announcers.nudge();
    await this.#drop(groupId, file.name);
  }

  async #drop(groupId: string, name: string): Promise<void> {
    const entry = this.#entries.get(keyOf(groupId, name));
    if (entry === undefined) return;
    const { root } = entry.record.file;
    this.#entries.delete(keyOf(groupId, name));
    this.#options.files.remove(groupId, root);
    this.#options.uplink.unshare(toHex(root));
    await entry.store?.close();
  }

  #toShare({ record: { groupId, file, path }, state }: Entry): Share {
    return {
      groupId,
      file,
      path,
      state,
      uploadedBytes: this.#options.files.uploadedBytes(groupId, file.root),
    };
  }
}

/** What is said of a file that cannot be opened; of the rest, that it is another one now. */
const STATES: { readonly [Code in StoreErrorCode]?: Share['state'] } = {
  not_found: 'missing',
  io_failed: 'unreadable',
};

const GONE: ReadonlySet<string> = new Set([
  'unknown_file',
  'unknown_group',
  'not_a_member',
  'not_the_sharer',
]);

function keyOf(groupId: string, name: string): string {
  return `${groupId}/${name}`;
}
