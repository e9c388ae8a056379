/**
 * Puts a tracker together: data folder, journal, service, listener; and takes it apart in reverse.
 */
import type {
  Address,
  Clock,
  Interceptor,
  LogEntry,
  Network,
  Random,
  RpcLimits,
} from '@minitorrent/rpc-core';
import { createServer, createSystemClock, createSystemRandom } from '@minitorrent/rpc-core';
import type { Identity } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
import debug from 'debug';
import { ClusterMember } from '../cluster/cluster-member.ts';
import type { ClusterOptions, Standing } from '../cluster/options.ts';
import type { CompactionLimits } from '../compaction.ts';
import type { Journal } from '../journal/journal.ts';
import type { TrackerLimits } from '../limits.ts';
import { resolveLimits } from '../limits.ts';
import type { TrackerLogEntry } from '../log.ts';
import type { TrackerStatus } from '../messages.ts';
import type { AllowSync } from '../service/cluster-handlers.ts';
import { openTrackerService, type TrackerStats } from '../service.ts';
import { openStanding, requireNoCluster } from './cluster-note.ts';
import { openDataFolder } from './data-folder.ts';
import { createPasswords } from './passwords.ts';
import { openSqliteJournal } from './sqlite-journal.ts';

export interface CommonTrackerOptions {
  /** TLS as the device of `identity` unless given; another one has to prove the same device, or none. */
  readonly network?: Network;
  /** Where to listen; port 0 takes any free one. */
  readonly address: Address;
  /** The system's unless given. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Those of `DEFAULT_LIMITS` that differ. */
  readonly limits?: Partial<TrackerLimits>;
  /** Those of rpc-core that differ, for every connection and the number of them. */
  readonly rpcLimits?: Partial<RpcLimits>;
  /** When the journal is worth a snapshot; `COMPACTION_LIMITS` unless given. */
  readonly compaction?: CompactionLimits;
  /** Makes it one of several trackers, with a journal of its own; a journal that several share needs no cluster. */
  readonly cluster?: ClusterOptions;
  /** Who may read the journal by `sync` without being of the cluster; nobody unless given. */
  readonly allowSync?: AllowSync;
  /** Run around every call, the first one outermost: to count and time calls. They see failures as callers do. */
  readonly interceptors?: readonly Interceptor[];
  /** Told of everything worth knowing, of the connections too; must not throw. */
  readonly onLog?: (entry: TrackerLogEntry | LogEntry) => void;
}

/**
 * Where the tracker keeps what it must not forget: a folder of its own, or a journal that it takes over and closes; and
 * which device it is: the one whose key is kept in the folder unless told.
 */
export type TrackerOptions = CommonTrackerOptions &
  (
    | { readonly dataDir: string; readonly identity?: Identity }
    | { readonly journal: Journal; readonly identity: Identity }
  );

/** A tracker that runs. */
export interface Tracker extends AsyncDisposable {
  /** The address that is really bound, with its port. */
  readonly address: Address;
  /** Which device this is: what others pin. */
  readonly deviceId: Uint8Array;
  stats(): Promise<TrackerStats>;
  /** What it is, alone or among others, and what is wrong. */
  status(): TrackerStatus;
  /** Lets it decide changes from now on: for a pair without a register, by a person. Fails with `not_allowed`. */
  promote(): void;
  /**
   * Hands over to another tracker where one can take over, stops accepting, lets calls come to their end, and closes the
   * journal. Idempotent; `signal` cuts connections at once.
   */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * Starts a tracker. Fails with `locked`, `journal_corrupt`, `journal_failed`, `wrong_cluster`, or an `RpcError`
 * `listen_failed`, `no_pin`, `identity_exposed`, `identity_corrupt`, `identity_failed`.
 */
export async function createTracker(options: TrackerOptions): Promise<Tracker> {
  const { address, clock = createSystemClock(), random = createSystemRandom(), allowSync } = options;
  const { interceptors = [], onLog = () => undefined } = options;
  const limits = resolveLimits(options.limits);
  const logEntry = (entry: TrackerLogEntry): void => {
    writeLog(entry);
    onLog(entry);
  };
  await using opened = new AsyncDisposableStack();
  const start = { isOver: false };
  const journal = await openJournal(options, opened, start);
  opened.defer(() => journal.close());
  const identity = await identityOf(options);
  const network = options.network ?? createTlsNetwork({ identity, clock });
  const { cluster } = options;
  if (cluster === undefined && 'dataDir' in options) await requireNoCluster(options.dataDir);
  const standing = cluster === undefined ? undefined : await standingOf(options, { cluster, journal });
  const parts = { journal, identity, clock, random, limits, log: logEntry };
  const { deviceId } = identity;
  const member =
    cluster === undefined || standing === undefined
      ? undefined
      : {
          id: cluster.clusterId,
          member: await ClusterMember.open({ ...parts, network, deviceId, cluster, standing }),
        };
  const service = await openTrackerService({
    ...parts,
    passwords: createPasswords(limits, random),
    interceptors,
    ...(options.compaction === undefined ? {} : { compaction: options.compaction }),
    ...(member === undefined ? {} : { cluster: member }),
    ...(allowSync === undefined ? {} : { allowSync }),
  });
  opened.use(service);
  const server = await createServer({
    network,
    address,
    clock,
    serve: service.served,
    onConnection: (connection) => service.accept(connection),
    onLog: (entry) => {
      log.connections('%o', entry);
      onLog(entry);
    },
    ...(options.rpcLimits === undefined ? {} : { limits: options.rpcLimits }),
  });
  start.isOver = true;
  const resources = opened.move();
  const close = once(async (closeOptions?: { readonly signal?: AbortSignal }) => {
    if (closeOptions?.signal?.aborted !== true) await service.handOver();
    await server.close(closeOptions);
    await resources.disposeAsync();
    log.tracker('closed %o', server.address);
  });
  log.tracker('listening on %o', server.address);
  return {
    address: server.address,
    deviceId,
    stats: () => service.stats(),
    status: () => service.status(),
    promote: () => service.promote(),
    close,
    [Symbol.asyncDispose]: () => close(),
  };
}

const log = {
  tracker: debug('minitorrent:tracker'),
  connections: debug('minitorrent:tracker:connections'),
  service: debug('minitorrent:tracker:service'),
};

function writeLog(entry: TrackerLogEntry): void {
  if (entry.kind === 'stopped_writing') log.tracker('stopped writing: %s', entry.error.message);
  else log.service('%o', entry);
}

/** The journal, and on `opened` what else was opened for it. */
async function openJournal(
  options: TrackerOptions,
  opened: AsyncDisposableStack,
  start: { readonly isOver: boolean },
): Promise<Journal> {
  if ('journal' in options) return options.journal;
  const folder = await openDataFolder(options.dataDir);
  // A start that came to nothing leaves no folder; but in a cluster the others may know the store already.
  const mayDiscard = options.cluster === undefined;
  opened.defer(() => (mayDiscard && !start.isOver ? folder.discard() : folder.unlock()));
  return openSqliteJournal(folder.journalFile);
}

async function identityOf(options: TrackerOptions): Promise<Identity> {
  if ('journal' in options) return options.identity;
  return options.identity ?? (await loadOrCreateIdentity({ folder: options.dataDir }));
}

/** What the journal is to the cluster. Fails with `wrong_cluster`, `journal_failed`. */
function standingOf(
  options: TrackerOptions,
  { cluster, journal }: { readonly cluster: ClusterOptions; readonly journal: Journal },
): Promise<Standing> | Standing {
  if ('dataDir' in options) return openStanding(options.dataDir, cluster.clusterId, journal);
  if (journal.isShared) throw new TypeError('Cannot make a cluster over a shared journal: leave cluster out');
  // Whoever gives a journal knows whose it is.
  return { kind: journal.head.index === 0 ? 'fresh' : 'member', onMember: () => undefined };
}

/** Runs `task` on the first call; later calls get the same promise. */
function once<A extends readonly unknown[]>(
  task: (...parameters: A) => Promise<void>,
): (...parameters: A) => Promise<void> {
  let running: Promise<void> | undefined;
  return (...parameters) => {
    running ??= task(...parameters);
    return running;
  };
}
