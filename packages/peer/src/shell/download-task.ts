/**
 * One download from the tracker's description to the finished file.
 *
 * Its steps: be told what the file is and who has it; get the piece layer, and meanwhile open the store, where earlier pieces
 * may lie; let the swarm fetch the rest while others are served what is here; move the file to its name. What goes wrong on the
 * way and can pass (no peer, no tracker, a full disk) is waited for and said; what cannot ends it with a coded error.
 */
import {
  type DownloadStore,
  type FileDescriptor,
  type PreparedDownload,
  type prepareDownload,
  StoreError,
} from '@minitorrent/chunk-store';
import type { Clock, Random } from '@minitorrent/rpc-core';
import type { PeerAddress } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { DownloadProgressLog } from '../download-progress.ts';
import { PeerError } from '../errors.ts';
import type { FileDescription } from '../file-description.ts';
import type { BanEvidence, PeerId } from '../swarm-events.ts';
import type { ByteRange, Download, DownloadProgress, PickStrategyName } from '../transfers.ts';
import { untilAborted, wait } from '../waiting.ts';
import { FileInquiry, type FileInquiryOptions } from './file-inquiry.ts';
import { openStore } from './open-store.ts';
import type { Pace } from './pace.ts';
import type { PeerPool } from './peer-pool.ts';
import { SwarmRunner } from './swarm-runner.ts';

const log = createDebug('minitorrent:peer:download');

const DISK_RETRY_MS = 5_000;

export interface DownloadTaskOptions extends Omit<FileInquiryOptions, 'onRefused'> {
  readonly groupId: string;
  readonly folder: string;
  readonly strategy: PickStrategyName;
  readonly downPace: Pace;
  /** What comes first. */
  readonly first?: ByteRange | undefined;
  readonly overwrite: boolean;
  /** An existing folder for what is kept about downloads besides their bytes. */
  readonly leavesDir: string;
  readonly pool: PeerPool;
  readonly clock: Clock;
  readonly random: Random;
  readonly prepareStore: typeof prepareDownload;
  /** How often a full disk is looked at again; 5 s unless given. */
  readonly diskRetryMs?: number;
  /** The store is open: serve from it. Answers how to say that pieces were added. */
  onOpened(store: DownloadStore): (indices: readonly number[]) => void;
  /** More peers are wanted. */
  onNeedPeers(): void;
  /** A peer is used no more: it lied about this piece, or about none. */
  onBanned(userId: string, piece: number): void;
  /** The file is at its final name; `store` is closed when this resolves. */
  onCompleted(store: DownloadStore): Promise<void>;
  /** It ended before that: it failed, was cancelled, or was closed. */
  onEnded(error: Error): void;
}

export class DownloadTask implements Download {
  readonly groupId: string;
  readonly name: string;
  readonly completed: Promise<string>;
  /** Resolves when the tracker has described the file, rejects when the download cannot begin. */
  readonly described: Promise<void>;
  readonly #options: DownloadTaskOptions;
  readonly #progress = new DownloadProgressLog();
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  readonly #described = Promise.withResolvers<void>();
  readonly #completed = Promise.withResolvers<string>();
  readonly #inquiry: FileInquiry;
  #runner: SwarmRunner | undefined;
  #store: DownloadStore | undefined;
  /** Why what was fetched is still on the disk although it was cancelled. */
  #notRemoved: { readonly cause: unknown } | undefined;
  #file: FileDescriptor | undefined;
  #first: ByteRange | undefined;

  constructor(options: DownloadTaskOptions) {
    this.#options = options;
    this.groupId = options.groupId;
    this.name = options.name;
    this.#first = options.first;
    this.#inquiry = new FileInquiry({ ...options, onRefused: (error) => this.#closing.abort(error) });
    this.described = this.#described.promise;
    this.completed = this.#completed.promise;
    // Who does not wait for these learns of a failure from `onEnded`.
    this.described.catch(() => undefined);
    this.completed.catch(() => undefined);
  }

  get path(): string | undefined {
    return this.#store?.path;
  }

  /** The file's root, once the tracker has described it. */
  get root(): Uint8Array | undefined {
    return this.#file?.root;
  }

  progress(): DownloadProgress {
    return this.#progress.snapshot(this.#options.clock.now());
  }

  /** Begins. Called once. */
  start(): void {
    this.#running = this.#run();
  }

  /** What is known of the file and its peers, to be remembered; undefined before the tracker has described it. */
  get description(): FileDescription | undefined {
    return this.#inquiry.description;
  }

  /** The tracker's `make_file`. False where it is about another file of that name. */
  describe(description: FileDescription): boolean {
    const isMine = this.#inquiry.describe(description);
    if (isMine) this.#use(this.#inquiry.peers);
    return isMine;
  }

  /** These peers share the file. */
  peersFound(peers: readonly PeerAddress[]): void {
    this.#use(this.#inquiry.peersFound(peers));
  }

  /** How many peers of its swarm have the piece, as far as it knows. */
  copiesOf(index: number): number {
    return this.#runner?.copiesOf(index) ?? 0;
  }

  fetchFirst(range: ByteRange | undefined): void {
    this.#first = range;
    this.#runner?.tell({ kind: 'range_wanted', range: this.#firstPieces() });
  }

  /** Fails as the disk does, where what was fetched could not be removed; nothing is fetched any more all the same. */
  async cancel(): Promise<void> {
    await this.close(new PeerError('cancelled', `The download of ${this.name} was cancelled`));
    if (this.#notRemoved !== undefined) throw this.#notRemoved.cause;
  }

  /** Stops it. What was fetched stays for the next time, unless the reason is that it was cancelled. Idempotent. */
  async close(
    reason: PeerError = new PeerError('closed', 'Cannot go on: this peer is closed'),
  ): Promise<void> {
    this.#closing.abort(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#closing;
    try {
      const store = await this.#download(signal);
      this.#progress.stateChanged('completed');
      await this.#options.onCompleted(store);
      this.#completed.resolve(store.path);
    } catch (cause) {
      const error = signal.aborted ? signal.reason : cause;
      await this.#runner?.close();
      if (this.#store !== undefined) await this.#letGo(this.#store, error);
      this.#progress.stateChanged(isStopped(error) ? 'cancelled' : 'failed');
      this.#described.reject(error);
      this.#completed.reject(error);
      this.#options.onEnded(error);
    }
  }

  /** Removes what was fetched where nobody wants it any more. Never rejects. */
  async #letGo(fetched: DownloadStore | PreparedDownload, reason: unknown): Promise<void> {
    const isUnwanted = isCancelled(reason);
    try {
      if (isUnwanted) await fetched.discard();
      else await fetched[Symbol.asyncDispose]();
    } catch (cause) {
      // Whoever cancels hears of it; of a disk that fails otherwise it is told once, by what ended the download.
      if (isUnwanted) this.#notRemoved = { cause };
      log('cannot let go of what was fetched of %s: %s', this.name, String(cause));
    }
  }

  async #download(signal: AbortSignal): Promise<DownloadStore> {
    const { file } = await this.#inquiry.find(signal);
    this.#file = file;
    this.#use(this.#inquiry.peers);
    this.#described.resolve();
    // The swarm begins with a connection that is there, instead of one more handshake.
    using held = new DisposableStack();
    const store = await this.#openStore(file, held, signal);
    this.#store = store;
    this.#progress.opened(store.layout, store.have.indices());
    const onHave = this.#options.onOpened(store);
    do {
      this.#progress.stateChanged('downloading');
      await this.#fetchAll(store, { onHave, held, signal });
      this.#progress.stateChanged('completing');
    } while (!(await this.#complete(store)));
    return store;
  }

  #openStore(file: FileDescriptor, held: DisposableStack, signal: AbortSignal): Promise<DownloadStore> {
    const { folder, leavesDir, overwrite, prepareStore } = this.#options;
    return openStore({
      quest: {
        ...{ ...this.#options, file, held, signal, peers: this.#inquiry.peers },
        onWaiting: (reason) => this.#progress.waitingFor(reason),
        onProblem: (peer, problem) => this.#progress.peerFailed(peer, problem),
      },
      prepare: () => prepareStore({ file, folder, dataFolder: leavesDir, overwrite }),
      letGo: (prepared) => this.#letGo(prepared, signal.reason),
    });
  }

  /** False, after a while, where the disk is full or did not keep all that was written: the rest is fetched again. */
  async #complete(store: DownloadStore): Promise<boolean> {
    try {
      await store.complete();
      return true;
    } catch (error) {
      if (!(error instanceof StoreError) || !PASSING.has(error.code)) throw error;
      await this.#untilDiskRetry();
      this.#closing.signal.throwIfAborted();
      return false;
    }
  }

  /** These are sources, or are where they were said to be. */
  #use(peers: ReadonlyMap<PeerId, PeerAddress>): void {
    for (const [id, { userId, host, port }] of peers) this.#progress.peerFound(id, userId, { host, port });
    this.#runner?.peersFound(peers);
  }

  /** Runs the swarm until every piece is in the store. */
  async #fetchAll(
    store: DownloadStore,
    {
      onHave,
      held,
      signal,
    }: {
      readonly onHave: (indices: readonly number[]) => void;
      readonly held: DisposableStack;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const finished = Promise.withResolvers<void>();
    const { clock, onNeedPeers, onBanned } = this.#options;
    const runner = new SwarmRunner({
      ...this.#options,
      store,
      onHave,
      onNeedPeers,
      onEvent: (event) => this.#progress.handle(event, clock.now()),
      onWaiting: (reason) => this.#progress.swarmWaitingFor(reason),
      onBanned: (peer, evidence) => {
        this.#progress.peerBanned(peer);
        onBanned(this.#inquiry.peers.get(peer)?.userId ?? peer, pieceOf(evidence));
      },
      onStoreError: (error) => this.#storeFailed(error, finished.reject),
      onCompleted: () => finished.resolve(),
    });
    this.#runner = runner;
    runner.start(this.#firstPieces());
    runner.peersFound(this.#inquiry.peers);
    held.dispose();
    await untilAborted(finished.promise, signal);
    await runner.close();
  }

  /** The pieces of what comes first, once it is known how the file is cut. */
  #firstPieces(): { readonly first: number; readonly last: number } | undefined {
    const pieceLength = this.#file?.pieceLength;
    if (this.#first === undefined || pieceLength === undefined) return undefined;
    const { first, last } = this.#first;
    return { first: Math.floor(first / pieceLength), last: Math.floor(last / pieceLength) };
  }

  /** A full disk is waited for; anything else ends the download. */
  #storeFailed(error: unknown, fail: (error: unknown) => void): void {
    if (!(error instanceof StoreError) || error.code !== 'disk_full') {
      fail(error);
      return;
    }
    this.#runner?.tell({ kind: 'store_failed', lost: [...(this.#store?.have.missing() ?? [])] });
    void this.#untilDiskRetry().then(() => this.#runner?.tell({ kind: 'resumed' }));
  }

  async #untilDiskRetry(): Promise<void> {
    const { clock, diskRetryMs = DISK_RETRY_MS } = this.#options;
    await wait(clock, diskRetryMs, this.#closing.signal);
  }
}

function isCancelled(error: unknown): boolean {
  return error instanceof PeerError && error.code === 'cancelled';
}

/** It ended because somebody here wanted it to. */
function isStopped(error: unknown): boolean {
  return error instanceof PeerError && (error.code === 'cancelled' || error.code === 'closed');
}

/** Of a store that may do better after a while. */
const PASSING: ReadonlySet<string> = new Set(['disk_full', 'incomplete']);

function pieceOf(evidence: BanEvidence): number {
  return (evidence.kind === 'false_have' ? evidence.pieces[0] : evidence.piece) ?? 0;
}
