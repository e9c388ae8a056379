/**
 * The peer as its user sees it: one object over link, workspace and server.
 *
 * It holds who is logged in, answers the tracker's callbacks, and passes everything else on to the part whose business
 * it is.
 */
import type { Address, Clock, Network, Random, RpcServer, Served } from '@minitorrent/rpc-core';
import { RpcError, serve } from '@minitorrent/rpc-core';
import { trackerCallbacks } from '@minitorrent/tracker/contract';
import createDebug from 'debug';
import { PeerError } from '../errors.ts';
import { EventHub } from '../event-hub.ts';
import type {
  CallOptions,
  Download,
  DownloadOptions,
  FileSummary,
  GroupSummary,
  JoinPolicy,
  JoinRequest,
  Listing,
  Peer,
  PeerEvents,
  Share,
  ShareOptions,
} from '../peer.ts';
import { Announcer } from './announcer.ts';
import type { Library } from './library.ts';
import { PeerPool } from './peer-pool.ts';
import type { SharedFiles } from './shared-files.ts';
import { TrackerCalls } from './tracker-calls.ts';
import { type TrackerClient, TrackerLink } from './tracker-link.ts';
import type { Uplink } from './uplink.ts';
import { Workspace } from './workspace.ts';

const log = createDebug('minitorrent:peer:node');
const DEVICE_ID_BYTES = 32;
/** From the first packet to a usable connection: a peer that takes longer is no help. */
const CONNECT_TIMEOUT_MS = 5_000;

export interface PeerNodeOptions {
  readonly trackers: readonly Address[];
  readonly dataDir: string;
  readonly downloadDir: string;
  readonly joinPolicy: JoinPolicy;
  readonly trackerPatienceMs: number;
  readonly network: Network;
  readonly clock: Clock;
  readonly random: Random;
  readonly library: Library;
  readonly files: SharedFiles;
  readonly uplink: Uplink;
  readonly served: Served;
  readonly server: RpcServer;
  /** What is open and closes last. */
  readonly resources: AsyncDisposableStack;
}

/** Who is logged in. The password stays in memory, to log in again after a reconnection. */
interface Session {
  readonly userId: string;
  readonly password: string;
  readonly workspace: Workspace;
}

export class PeerNode implements Peer {
  readonly deviceId: Uint8Array;
  readonly address: Address;
  readonly #options: PeerNodeOptions;
  readonly #pool: PeerPool;
  readonly #link: TrackerLink;
  readonly #calls: TrackerCalls;
  readonly #announcer: Announcer;
  readonly #events = new EventHub<PeerEvents>();
  #session: Session | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: PeerNodeOptions) {
    const { library, random, network, clock, trackers, trackerPatienceMs, server, served } = options;
    this.#options = options;
    this.deviceId = library.setting('device-id', () => random.bytes(DEVICE_ID_BYTES));
    this.address = server.address;
    this.#pool = new PeerPool({ network, clock, serve: [served], connectTimeoutMs: CONNECT_TIMEOUT_MS });
    this.#link = new TrackerLink({
      ...{ network, clock, random, trackers, patienceMs: trackerPatienceMs },
      callbacks: this.#callbacks(),
      introduce: (client) => this.#introduce(client),
      onConnected: (address) => this.#onConnected(address),
      onLost: (address, reason) => this.#events.emit('tracker-lost', { address, reason }),
    });
    this.#calls = new TrackerCalls(this.#link, random);
    this.#announcer = new Announcer({
      clock,
      link: this.#link,
      port: server.address.port,
      files: () => this.#session?.workspace.announced(),
      onPeers: (groupId, root, peers) => this.#session?.workspace.peersFound(groupId, root, peers),
    });
  }

  get userId(): string | undefined {
    return this.#session?.userId;
  }

  createUser(userId: string, password: string, options?: CallOptions): Promise<void> {
    return this.#calls.createUser(userId, password, options);
  }

  async login(userId: string, password: string, options?: CallOptions): Promise<void> {
    const { deviceId } = this;
    await this.#calls.login({ userId, password, deviceId }, options);
    await this.#session?.workspace.close();
    const { calls, announcer, pool } = { calls: this.#calls, announcer: this.#announcer, pool: this.#pool };
    const events = this.#events;
    const workspace = new Workspace({ ...this.#options, userId, deviceId, calls, announcer, pool, events });
    this.#session = { userId, password, workspace };
    await workspace.resume();
  }

  async logout(options?: CallOptions): Promise<void> {
    const session = this.#requireSession();
    await session.workspace.close();
    this.#session = undefined;
    await this.#link.call((client, call) => client.logout({}, call), options);
  }

  createGroup(groupId: string, options?: CallOptions): Promise<void> {
    return this.#calls.createGroup(groupId, options);
  }

  joinGroup(groupId: string, options?: CallOptions): Promise<'member' | 'requested'> {
    return this.#calls.joinGroup(groupId, options);
  }

  async leaveGroup(groupId: string, options?: CallOptions): Promise<void> {
    await this.#calls.leaveGroup(groupId, options);
    await this.#session?.workspace.leave(groupId);
  }

  listGroups(options?: CallOptions): Promise<Listing<GroupSummary>> {
    return this.#calls.listGroups(options);
  }

  listRequests(groupId = '', options?: CallOptions): Promise<Listing<JoinRequest>> {
    return this.#calls.listRequests(groupId, options);
  }

  acceptRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    return this.#calls.acceptRequest(groupId, userId, options);
  }

  rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    return this.#calls.rejectRequest(groupId, userId, options);
  }

  listFiles(groupId: string, options?: CallOptions): Promise<Listing<FileSummary>> {
    return this.#calls.listFiles(groupId, options);
  }

  async uploadFile(groupId: string, path: string, options?: ShareOptions): Promise<Share> {
    return this.#requireSession().workspace.uploadFile(groupId, path, options);
  }

  async downloadFile(groupId: string, name: string, options?: DownloadOptions): Promise<Download> {
    return this.#requireSession().workspace.downloadFile(groupId, name, options);
  }

  async stopSharing(groupId: string, name: string, options?: CallOptions): Promise<void> {
    await this.#requireSession().workspace.stopSharing(groupId, name, options);
  }

  shares(): readonly Share[] {
    return this.#session?.workspace.shares() ?? [];
  }

  downloads(): readonly Download[] {
    return this.#session?.workspace.downloads() ?? [];
  }

  on<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this {
    this.#events.on(event, listener);
    return this;
  }

  off<E extends keyof PeerEvents>(event: E, listener: (...args: PeerEvents[E]) => void): this {
    this.#events.off(event, listener);
    return this;
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    await this.#session?.workspace.close();
    await this.#announcer.close();
    await this.#link.close();
    this.#pool.close();
    this.#options.uplink.close();
    await this.#options.resources.disposeAsync();
  }

  #onConnected(address: Address): void {
    this.#announcer.nudge();
    this.#events.emit('tracker-connected', { address, userId: this.userId });
  }

  /** Logs in again on a new connection. A tracker that does not accept that leaves the user logged out. */
  async #introduce(client: TrackerClient): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { userId, password } = session;
    try {
      await client.login({ userId, password, deviceId: this.deviceId });
    } catch (error) {
      if (!(error instanceof RpcError) || !REFUSED.has(error.code)) throw error;
      log('the tracker does not know %s any more: %s', userId, error.message);
      this.#session = undefined;
      await session.workspace.close();
    }
  }

  #callbacks(): Served {
    return serve(trackerCallbacks, {
      make_file: async ({ groupId, file, sharedBy, peers }) => {
        this.#workspaceForTracker().describe(groupId, { file, sharedBy, peers });
        return {};
      },
      peer_authentication: async ({ groupId, userId }, { signal }) => {
        this.#events.emit('join-request', { groupId, userId });
        return { decision: await this.#options.joinPolicy({ groupId, userId }, { signal }) };
      },
      membership_changed: async ({ groupId, standing }) => {
        if (standing === 'removed') await this.#session?.workspace.leave(groupId);
        this.#events.emit('membership-changed', { groupId, standing });
        return {};
      },
    });
  }

  #workspaceForTracker(): Workspace {
    const workspace = this.#session?.workspace;
    if (workspace === undefined)
      throw new RpcError('unknown_download', 'Cannot make a file: nobody is logged in');
    return workspace;
  }

  #requireSession(): Session {
    if (this.#session !== undefined) return this.#session;
    throw new PeerError('not_logged_in', 'Cannot do that: nobody is logged in; log in first');
  }
}

/** Answers to a login that trying again does not change. */
const REFUSED: ReadonlySet<string> = new Set(['wrong_password', 'already_logged_in']);
