/**
 * The peer as its user sees it: one object over trackers, workspace and server.
 *
 * It holds who is logged in, and passes everything else on to the part whose business it is.
 */
import type {
  Address,
  Clock,
  Network,
  PinnedAddress,
  Random,
  RpcServer,
  Served,
} from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import createDebug from 'debug';
import type { ArrivingBlocks } from '../arriving-blocks.ts';
import { PeerError } from '../errors.ts';
import { EventHub } from '../event-hub.ts';
import type {
  AcceptOptions,
  CallOptions,
  Device,
  FileSummary,
  GroupMembers,
  GroupSummary,
  Invitation,
  InviteOptions,
  JoinOptions,
  JoinRequest,
  Listing,
  NewInvitation,
  SignedDevices,
} from '../groups.ts';
import { requireIdentifier } from '../names.ts';
import type { JoinPolicy, Peer, PeerEvents } from '../peer.ts';
import { SharedFileCheck } from '../shared-file-check.ts';
import type { Credentials } from '../tracker-client.ts';
import type { Download, DownloadOptions, Share, ShareOptions, TransferPlan } from '../transfers.ts';
import { Announcers } from './announcers.ts';
import { GroupDesk, type GroupKeys } from './group-desk.ts';
import type { Library } from './library.ts';
import { MemberCalls } from './member-calls.ts';
import type { MembershipGate } from './membership-gate.ts';
import type { MembershipKeeper } from './membership-keeper.ts';
import { OfflineLogins } from './offline-logins.ts';
import type { Paces } from './paces.ts';
import { PeerPool } from './peer-pool.ts';
import type { SharedFiles } from './shared-files.ts';
import { SignIn } from './sign-in.ts';
import { TrackerCallbacks } from './tracker-callbacks.ts';
import { type ListedFile, TrackerCalls } from './tracker-calls.ts';
import { TrackerLinks } from './tracker-links.ts';
import type { Uplink } from './uplink.ts';
import { Workspace } from './workspace.ts';

const log = createDebug('minitorrent:peer:node');
/** From the first packet to a usable connection: a peer that takes longer is no help. */
const CONNECT_TIMEOUT_MS = 5_000;
export interface PeerNodeOptions {
  readonly trackers: readonly PinnedAddress[];
  readonly identity: Identity;
  /** For the user's own list of devices. */
  readonly deviceName: string;
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
  readonly paces: Paces;
  readonly blocks: ArrivingBlocks;
  readonly gate: MembershipGate;
  readonly served: Served;
  readonly server: RpcServer;
  /** What is open and closes last. */
  readonly resources: AsyncDisposableStack;
}

/** Who is logged in. */
interface Session {
  readonly credentials: Credentials;
  readonly workspace: Workspace;
  readonly desk: GroupDesk;
  /** Groups that were looked at: whether this device is let in, and asked for if not. */
  readonly looked: Set<string>;
}

export class PeerNode implements Peer {
  readonly deviceId: Uint8Array;
  readonly address: Address;
  readonly #options: PeerNodeOptions;
  readonly #pool: PeerPool;
  readonly #callbacks: TrackerCallbacks;
  readonly #links: TrackerLinks;
  readonly #calls: TrackerCalls;
  readonly #members: MemberCalls;
  readonly #announcers: Announcers;
  readonly #signIn: SignIn;
  readonly #keeper: MembershipKeeper;
  readonly #events = new EventHub<PeerEvents>();
  #session: Session | undefined;
  /** The groups that the user is leaving on this device. */
  readonly #leaving = new Map<string, Promise<void>>();
  /** The groups of whoever was let in last. */
  #memberships: readonly string[] = [];
  #closing: Promise<void> | undefined;

  constructor(options: PeerNodeOptions) {
    const { identity, library, random, network, clock, trackers, trackerPatienceMs, server } = options;
    this.#options = options;
    this.deviceId = identity.deviceId;
    this.address = server.address;
    const { gate, served, blocks } = options;
    const toPeers = { network, clock, admission: gate.admission, serve: [served], blocks };
    this.#pool = new PeerPool({ ...toPeers, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    const workspace = (): Workspace | undefined => this.#session?.workspace;
    const keeper = (): MembershipKeeper | undefined => this.#keeper;
    this.#callbacks = new TrackerCallbacks({
      ...{ ...options, events: this.#events, workspace, keeper },
      leaving: (groupId) => this.#leaving.get(groupId),
      proofsFor: async (request, call) => this.#requireSession().desk.proofsFor(request, call),
    });
    this.#links = new TrackerLinks({
      ...{ network, clock, random, trackers, patienceMs: trackerPatienceMs },
      callbacks: this.#callbacks.served,
      onConnected: (address) => this.#events.emit('tracker-connected', { address, userId: this.userId }),
      onLost: (address, reason, code) => this.#events.emit('tracker-lost', { address, reason, code }),
      onLetIn: (credentials, { memberships }) => this.#letIn(credentials, memberships),
      onRefused: (credentials, error) => void this.#refused(credentials, error),
      onPasswordNeeded: ({ userId }, { code, message: reason }) =>
        this.#events.emit('login-needed', { userId, reason, code }),
    });
    this.#calls = new TrackerCalls(this.#links, random);
    this.#members = new MemberCalls(this.#links, random);
    this.#keeper = gate.keep({
      ...{ deviceId: identity.deviceId, clock, random, links: this.#links, records: library.memberships },
      onWrongKey: (groupId, { code, message: reason }) =>
        this.#events.emit('wrong-group-key', { groupId, reason, code }),
    });
    const offline = new OfflineLogins(library, random);
    this.#signIn = new SignIn({ links: this.#links, offline, patienceMs: trackerPatienceMs });
    this.#announcers = new Announcers({
      ...{ clock, random, links: this.#links, port: server.address.port },
      files: () => workspace()?.announced(),
      onPeers: (groupId, root, peers) => workspace()?.peersFound(groupId, root, peers),
    });
  }

  get userId(): string | undefined {
    return this.#session?.credentials.userId;
  }

  createUser(userId: string, password: string, options?: CallOptions): Promise<void> {
    return this.#calls.createUser(userId, password, options);
  }

  async login(userId: string, password: string, options?: CallOptions): Promise<void> {
    this.#requireNobody(userId);
    const { deviceId } = this;
    const { deviceName } = this.#options;
    const login = { userId: requireIdentifier('user', userId), password, deviceId, deviceName };
    const { credentials, how } = await this.#signIn.signIn(login, options);
    const { calls, announcers, pool } = {
      calls: this.#calls,
      announcers: this.#announcers,
      pool: this.#pool,
    };
    const events = this.#events;
    const desk = this.#openDesk(userId);
    const workspace = new Workspace({
      ...{ ...this.#options, userId, deviceId, calls, announcers, pool, events },
      downPace: this.#options.paces.down,
      groupKey: (groupId) => this.#keeper.groupKey(groupId),
      learnGroupKey: async (groupId, call) => void (await desk.ownRight(groupId, call)),
    });
    const session = { credentials, workspace, desk, looked: new Set<string>() };
    this.#session = session;
    this.#keeper.begin(userId);
    await workspace.resume();
    if (how === 'offline') events.emit('offline', { userId });
    else void this.#askForOwn(session);
  }

  async logout(options?: CallOptions): Promise<void> {
    options?.signal?.throwIfAborted();
    const session = this.#requireSession();
    await session.workspace.close();
    this.#session = undefined;
    await this.#keeper.end();
    this.#callbacks.forget();
    await this.#links.logout();
  }

  async changePassword(oldPassword: string, newPassword: string, options?: CallOptions): Promise<void> {
    const { userId } = this.#requireSession().credentials;
    await this.#members.changePassword(oldPassword, newPassword, options);
    this.#links.passwordChanged(newPassword);
    this.#signIn.remember({ userId, password: newPassword });
  }

  async listDevices(options?: CallOptions): Promise<Listing<Device>> {
    return this.#members.listDevices(options);
  }

  async revokeDevice(deviceId: Uint8Array, options?: CallOptions): Promise<void> {
    await this.#members.revokeDevice(deviceId, options);
  }

  async createGroup(groupId: string, options?: CallOptions): Promise<void> {
    await this.#requireSession().desk.found(groupId, options);
  }

  async joinGroup(groupId: string, options?: JoinOptions): Promise<'member' | 'requested'> {
    return this.#requireSession().desk.join(groupId, options);
  }

  async leaveGroup(groupId: string, options?: CallOptions): Promise<void> {
    const left = this.#leave(groupId, options);
    this.#leaving.set(groupId, left);
    try {
      await left;
    } finally {
      this.#leaving.delete(groupId);
    }
  }

  async #leave(groupId: string, options?: CallOptions): Promise<void> {
    try {
      await this.#calls.leaveGroup(groupId, options);
    } catch (error) {
      // The user was removed before, or the group is gone: what this device keeps of it is left then.
      if (!isOutside(error) || this.#keeper.groupKey(groupId) === undefined) throw error;
    }
    this.#keeper.left(groupId);
    await this.#session?.workspace.leave(groupId);
  }

  listGroups(options?: CallOptions): Promise<Listing<GroupSummary>> {
    return this.#calls.listGroups(options);
  }

  async listRequests(groupId = '', options?: CallOptions): Promise<Listing<JoinRequest>> {
    return this.#members.listRequests(groupId, options);
  }

  async acceptRequest(groupId: string, userId: string, options?: AcceptOptions): Promise<SignedDevices> {
    return this.#requireSession().desk.accept(groupId, userId, options);
  }

  async rejectRequest(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    await this.#members.rejectRequest(groupId, userId, options);
  }

  async listMembers(groupId: string, options?: CallOptions): Promise<GroupMembers> {
    return this.#requireSession().desk.members(groupId, options);
  }

  async removeMember(groupId: string, userId: string, options?: CallOptions): Promise<void> {
    await this.#members.removeMember(groupId, userId, options);
  }

  async makeAdmin(groupId: string, userId: string, options?: CallOptions): Promise<SignedDevices> {
    return this.#requireSession().desk.setRole(groupId, userId, 'admin', options);
  }

  async unmakeAdmin(groupId: string, userId: string, options?: CallOptions): Promise<SignedDevices> {
    return this.#requireSession().desk.setRole(groupId, userId, 'member', options);
  }

  async invite(groupId: string, options?: InviteOptions): Promise<NewInvitation> {
    return this.#requireSession().desk.invite(groupId, options);
  }

  async listInvitations(groupId: string, options?: CallOptions): Promise<Listing<Invitation>> {
    return this.#members.listInvitations(groupId, options);
  }

  async revokeInvitation(
    groupId: string,
    invitation: Uint8Array | string,
    options?: CallOptions,
  ): Promise<void> {
    await this.#requireSession().desk.revokeInvitation(groupId, invitation, options);
  }

  async listFiles(groupId: string, options?: CallOptions): Promise<Listing<FileSummary>> {
    const { desk } = this.#requireSession();
    const { items, mayBeStale } = await this.#calls.listFiles(groupId, options);
    const check = new SharedFileCheck(groupId, await desk.groupKey(groupId, options));
    return { items: items.map((file) => summaryOf(file, check)), mayBeStale };
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

  limitTransfers(plan: TransferPlan): void {
    this.#options.paces.follow(plan);
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
    await this.#announcers.close();
    await this.#keeper.close();
    await this.#links.close();
    await this.#signIn.settled();
    this.#pool.close();
    this.#options.uplink.close();
    await this.#options.resources.disposeAsync();
  }

  /** A tracker that should know does not know the user with this password, or on this device, any more. */
  async #refused(credentials: Credentials, error: RpcError): Promise<void> {
    log('the tracker does not know %s any more: %s', credentials.userId, error.message);
    const session = this.#session;
    this.#signIn.refused(credentials);
    if (session?.credentials !== credentials) return;
    this.#session = undefined;
    this.#callbacks.forget();
    const { userId } = credentials;
    this.#events.emit('login-needed', { userId, reason: error.message, code: error.code });
    await this.#keeper.end();
    await session.workspace.close();
  }

  #openDesk(userId: string): GroupDesk {
    const { identity, clock, random } = this.#options;
    const keeper = this.#keeper;
    const keys: GroupKeys = {
      groupKey: (groupId) => keeper.groupKey(groupId),
      pin: (groupId, groupKey) => keeper.pin(groupId, groupKey),
      forget: (groupId) => keeper.left(groupId),
      letIn: (groupId) => keeper.changed(groupId),
      isRevoked: (proof) => keeper.isRevoked(proof),
    };
    return new GroupDesk({ identity, clock, random, calls: this.#members, keys, userId });
  }

  #letIn(credentials: Credentials, memberships: readonly { readonly groupId: string }[]): void {
    this.#keeper.letIn(credentials.userId, memberships);
    this.#memberships = memberships.map(({ groupId }) => groupId);
    if (this.#session?.credentials === credentials) void this.#askForOwn(this.#session);
  }

  /** Once for each group and login: where the user is in and this device is not, it asks for that. Never rejects. */
  async #askForOwn({ desk, looked, credentials: { userId } }: Session): Promise<void> {
    const groups = this.#memberships.filter((groupId) => !looked.has(groupId));
    for (const groupId of groups) looked.add(groupId);
    try {
      for (const groupId of await desk.askForOwn(groups))
        this.#events.emit('device-waiting', { groupId, userId, deviceId: this.deviceId });
    } catch (error) {
      log('cannot ask for what lets this device in: %s', String(error));
    }
  }

  #requireNobody(userId: string): void {
    if (this.userId === undefined) return;
    throw new PeerError(
      'already_logged_in',
      `Cannot log in as ${JSON.stringify(userId.slice(0, 80))}: ${this.userId} is logged in; log out first`,
    );
  }

  #requireSession(): Session {
    if (this.#session !== undefined) return this.#session;
    throw new PeerError('not_logged_in', 'Cannot do that: nobody is logged in; log in first');
  }
}

/** Whether a tracker says that the user is not in that group. */
function isOutside(error: unknown): boolean {
  return error instanceof RpcError && (error.code === 'not_a_member' || error.code === 'unknown_group');
}

function summaryOf(listed: ListedFile, check: SharedFileCheck): FileSummary {
  const verdict = check.check(listed);
  const { file, sharedBy, sharedAtMs, seeders, leechers } = listed;
  const sharedByDevice = verdict.isSigned ? verdict.deviceId : undefined;
  return { file, sharedBy, sharedAtMs, seeders, leechers, sharedByDevice, isSigned: verdict.isSigned };
}
