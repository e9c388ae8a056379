/**
 * A tracker without a network: everything that it serves and does, for any connections that are given to it.
 *
 * It owns the ledger, the presence and the sessions. It opens nothing itself and reads no clock but the one it is given,
 * so that a whole cluster of trackers and peers can run on virtual time in one process.
 */
import type { Clock, Connection, Interceptor, Random, Served } from '@minitorrent/rpc-core';
import { RpcError, serve } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import type { ClusterAuthority } from './cluster/cluster-authority.ts';
import type { ClusterMember } from './cluster/cluster-member.ts';
import { type CompactionLimits, Compactor } from './compaction.ts';
import { isTrackerError, TrackerError } from './errors.ts';
import type { Journal } from './journal/journal.ts';
import { type LedgerMode, openLedger } from './ledger.ts';
import type { TrackerLimits } from './limits.ts';
import type { TrackerLog } from './log.ts';
import { createLoginLimiter } from './login-limiter.ts';
import type { TrackerStatus } from './messages.ts';
import type { TrackerState } from './model.ts';
import type { Passwords } from './password-hash.ts';
import { Presence } from './presence.ts';
import { createRateLimiter } from './rate-limiter.ts';
import { noConfig } from './register.ts';
import { createAccountHandlers } from './service/account-handlers.ts';
import { createAnnounceHandler } from './service/announce-handler.ts';
import { createOwnAuthority } from './service/authority.ts';
import { createCallbacks } from './service/callbacks.ts';
import { type AllowSync, createClusterHandlers } from './service/cluster-handlers.ts';
import { createDeviceHandlers, endRevoked } from './service/device-handlers.ts';
import { createFileHandlers } from './service/file-handlers.ts';
import { createGroupHandlers } from './service/group-handlers.ts';
import { createJoinDesk } from './service/join-desk.ts';
import { createMemberHandlers } from './service/member-handlers.ts';
import type { ServiceParts } from './service/parts.ts';
import { createPasswordCheck } from './service/password-check.ts';
import { react } from './service/reactions.ts';
import { servedContract } from './service/served-contract.ts';
import { createSessionHandlers } from './service/session-handlers.ts';
import { Sessions } from './service/sessions.ts';

/** How often what has expired is forgotten. */
const SWEEP_MS = 1_000;

export interface ServiceOptions {
  /** Owned by the service, which closes it. */
  readonly journal: Journal;
  readonly passwords: Passwords;
  /** Signs stamps: which device this tracker is. */
  readonly identity: Identity;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: TrackerLimits;
  /** What makes it one of several trackers; the service closes it. */
  readonly cluster?: { readonly id: Uint8Array; readonly member: ClusterMember };
  /** Who may read the journal without being a tracker of the cluster; nobody unless told. */
  readonly allowSync?: AllowSync;
  /** Run around every call, the first one outermost; they see each failure as its caller does, with its code. */
  readonly interceptors?: readonly Interceptor[];
  readonly log?: TrackerLog;
  /** When the journal is worth a snapshot; `COMPACTION_LIMITS` unless told. */
  readonly compaction?: CompactionLimits;
}

/** Figures for whoever runs a tracker. */
export interface TrackerStats {
  readonly mode: LedgerMode;
  readonly users: number;
  readonly groups: number;
  /** Connections that are logged in. */
  readonly sessions: number;
  /** Devices that announce, files that they hold, and pairs of the two. */
  readonly presence: { readonly devices: number; readonly swarms: number; readonly shares: number };
  /** The index of the last acknowledged entry of the journal. */
  readonly durableIndex: number;
  readonly pendingWrites: number;
}

export interface TrackerService extends AsyncDisposable {
  /** To be served on every connection that is given to `accept`. */
  readonly served: readonly Served[];
  /** A new connection: when it ends, so does its session. */
  accept(connection: Connection): void;
  stats(): Promise<TrackerStats>;
  /** What this tracker is, alone or among others. */
  status(): TrackerStatus;
  /** Lets it decide changes from now on. Fails with `not_allowed`. */
  promote(): void;
  /** Before the end: lets another tracker take over, where one can. */
  handOver(): Promise<void>;
  /** Waits for the writes under way and closes the journal; the connections have to be closed before. Idempotent. */
  close(): Promise<void>;
}

/** Replays the journal. Fails with `journal_corrupt`, `journal_failed`. */
export async function openTrackerService(options: ServiceOptions): Promise<TrackerService> {
  const { clock, random, limits, passwords, identity, log = () => {} } = options;
  const presence = new Presence(limits, random);
  const sessions = new Sessions(limits);
  const callbacks = createCallbacks({ sessions, clock, limits, log });
  const { cluster } = options;
  const heard = { index: 0 };
  const ledger = await openLedger({
    journal: options.journal,
    random,
    limits,
    ...(cluster === undefined ? {} : { commit: cluster.member.commit }),
    onCommitted: ({ index, events }, state) => {
      for (const event of events) react({ presence, sessions, callbacks, joinDesk }, { event, index }, state);
      heard.index = index;
      compactor.committed();
    },
    onFailure: (error) => log({ kind: 'stopped_writing', error }),
  });
  const compactor = new Compactor({
    ...{ ledger, journal: options.journal, clock, random, log },
    ...(options.compaction === undefined ? {} : { limits: options.compaction }),
  });
  const clusterAuthority = cluster?.member.authorityWith(ledger);
  const authority = clusterAuthority ?? createOwnAuthority(ledger, limits);
  const joinDesk = createJoinDesk({ ledger, authority, sessions, callbacks, clock, limits, log });
  const logins = createLoginLimiter(limits);
  const announces = createRateLimiter({ perSecond: limits.announcesPerSecond, burst: limits.announceBurst });
  const resumes = createRateLimiter({ perSecond: limits.resumesPerSecond, burst: limits.resumeBurst });
  const rates = { logins, announces, resumes };
  const common = { ledger, authority, presence, sessions, callbacks, joinDesk, passwords, ...rates };
  const parts: ServiceParts = { ...common, identity, clock, random, limits, log };
  cluster?.member.start(ledger);
  return new ConnectedService(parts, {
    ...options,
    compactor,
    heard,
    ...(clusterAuthority && { clusterAuthority }),
  });
}

class ConnectedService implements TrackerService {
  readonly served: readonly Served[];
  readonly #parts: ServiceParts;
  #cancelSweep: () => void;

  readonly #journal: Journal;
  readonly #member: ClusterMember | undefined;
  readonly #compactor: Compactor;
  readonly #heard: { index: number };

  constructor(parts: ServiceParts, options: ServedOptions) {
    this.#parts = parts;
    this.#journal = options.journal;
    this.#member = options.cluster?.member;
    this.#compactor = options.compactor;
    this.#heard = options.heard;
    this.served = [serveTracker(parts, { ...options, status: () => this.status() })];
    this.#cancelSweep = this.#scheduleSweep();
  }

  accept(connection: Connection): void {
    void connection.closed.then(() => this.#ended(connection));
  }

  async stats(): Promise<TrackerStats> {
    const { ledger, sessions, presence } = this.#parts;
    const counts =
      ledger.mode === 'failed' || ledger.mode === 'closed' ? nothing : await ledger.read(countAll);
    const { mode, durableIndex, pendingWrites } = ledger;
    return { mode, ...counts, sessions: sessions.size, presence: presence.size, durableIndex, pendingWrites };
  }

  status(): TrackerStatus {
    return this.#member?.status() ?? statusAlone(this.#journal, this.#parts);
  }

  promote(): void {
    if (this.#member === undefined)
      throw new TrackerError('not_allowed', 'This tracker stands alone and decides all changes already');
    this.#member.promote();
  }

  async handOver(): Promise<void> {
    await this.#member?.handOver();
  }

  async close(): Promise<void> {
    this.#cancelSweep();
    await this.#compactor.close();
    await this.#member?.close();
    await this.#parts.ledger.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #ended(connection: Connection): void {
    const { sessions, presence, clock } = this.#parts;
    const session = sessions.end(connection);
    if (session === undefined || sessions.ofDevice(session).length > 0) return;
    presence.connectionLost(session.device, clock.now());
  }

  #scheduleSweep(): () => void {
    const { clock, presence, announces, resumes } = this.#parts;
    return clock.schedule(SWEEP_MS, () => {
      presence.expire(clock.now());
      announces.sweep(clock.now());
      resumes.sweep(clock.now());
      this.#catchUp();
      this.#cancelSweep = this.#scheduleSweep();
    });
  }

  /** Does what follows from events that came as a snapshot. */
  #catchUp(): void {
    const { ledger } = this.#parts;
    if (this.#heard.index === ledger.durableIndex) return;
    this.#heard.index = ledger.durableIndex;
    endRevoked(this.#parts, ledger.latest);
  }
}

const nothing = { users: 0, groups: 0 };

function countAll(state: TrackerState): typeof nothing {
  return { users: state.users.size, groups: state.groups.size };
}

/** What a tracker is that has no others. */
function statusAlone(journal: Journal, { ledger, clock }: ServiceParts): TrackerStatus {
  const isFailed = ledger.mode === 'read_only' || ledger.mode === 'failed';
  return {
    role: isFailed ? 'failed' : journal.isShared ? 'shared' : 'alone',
    reason: isFailed ? 'its journal failed; repair it and start this tracker again' : 'started',
    changedMsAgo: Math.max(0, Math.floor(clock.now())),
    storeId: journal.storeId,
    config: noConfig,
    headIndex: journal.head.index,
    committedIndex: ledger.durableIndex,
    register: 'none',
    others: [],
    lastTakeover: undefined,
    faults: [],
  };
}

interface ServedOptions extends ServiceOptions {
  readonly compactor: Compactor;
  /** The last entry whose events were heard of; it falls behind where another tracker's snapshot is installed. */
  readonly heard: { index: number };
  readonly clusterAuthority?: ClusterAuthority;
}

function serveTracker(
  parts: ServiceParts,
  options: ServedOptions & { readonly status: () => TrackerStatus },
): Served {
  const {
    allowSync = () => false,
    interceptors = [],
    cluster,
    clusterAuthority: authority,
    status,
  } = options;
  const checkPassword = createPasswordCheck(parts);
  const handlers = {
    ...createAccountHandlers(parts, checkPassword),
    ...createSessionHandlers(parts, checkPassword),
    ...createDeviceHandlers(parts),
    ...createGroupHandlers(parts),
    ...createMemberHandlers(parts),
    ...createFileHandlers(parts),
    ...createAnnounceHandler(parts),
    ...createClusterHandlers({
      ledger: parts.ledger,
      allowSync,
      status,
      cluster: cluster === undefined || authority === undefined ? undefined : { ...cluster, authority },
    }),
  };
  return serve(servedContract, tellingCodes(handlers), { interceptors });
}

type AnyHandler = (request: never, context: never) => Promise<unknown>;

/** What this package refuses, the caller may know: the code and the sentence. (An interceptor would cost every call more.) */
function tellingCodes<H extends Readonly<Record<string, AnyHandler>>>(handlers: H): H {
  const telling = Object.entries(handlers).map(([name, handle]): [string, AnyHandler] => {
    return [name, (request, context) => handle(request, context).catch(tellCode)];
  });
  // The same names, and each handler takes and answers what it did.
  return Object.fromEntries(telling) as H;
}

function tellCode(error: unknown): never {
  if (isTrackerError(error)) throw new RpcError(error.code, error.message, { cause: error });
  throw error;
}
