/**
 * A tracker that is one of several: replication, forwarding, and what can be told of both.
 */
import type { ChannelInfo, Clock, Network, Random } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { formatDeviceId } from '@minitorrent/rpc-core/identity';
import { sameBytes } from '../entry.ts';
import { TrackerError } from '../errors.ts';
import { fromHex, toHex } from '../hex.ts';
import type { Journal } from '../journal/journal.ts';
import type { Commit, Ledger } from '../ledger.ts';
import type { TrackerLimits } from '../limits.ts';
import type { TrackerLog } from '../log.ts';
import type { SyncAnswer, SyncRequest, TrackerStatus } from '../messages.ts';
import type { ReplicationStatus } from '../replication/replication.ts';
import { TIMINGS } from '../replication/timings.ts';
import { Admission } from './admission.ts';
import { ClusterAuthority } from './cluster-authority.ts';
import { FaultList } from './fault-list.ts';
import { CLUSTER_TIMES, type ClusterOptions, checkClusterOptions, type Standing } from './options.ts';
import { OtherTrackers } from './other-trackers.ts';
import { storeCopied } from './refusals.ts';
import { RegisterWatch } from './register-watch.ts';
import { Replicator } from './replicator.ts';
import { shortened } from './shortened.ts';

export interface ClusterMemberOptions {
  readonly cluster: ClusterOptions;
  readonly standing: Standing;
  readonly network: Network;
  /** The device id of this tracker, that the others have as its pin. */
  readonly deviceId: Uint8Array;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: TrackerLimits;
  readonly log: TrackerLog;
}

export class ClusterMember {
  readonly #options: ClusterMemberOptions;
  readonly #others: OtherTrackers;
  readonly #replicator: Replicator;
  readonly #register: RegisterWatch | undefined;
  readonly #faults: FaultList;
  readonly #admission: Admission;

  /** Reads the end of the journal; begins nothing. Fails as `Journal.read` does, and with `no_pin`. */
  static async open(options: ClusterMemberOptions): Promise<ClusterMember> {
    const { cluster, standing, network, journal, clock, random, log } = options;
    checkClusterOptions(cluster, options);
    const faults = new FaultList();
    const onFault = (reason: string): void => {
      if (faults.note({ atMs: clock.now(), reason })) log({ kind: 'fault', reason });
    };
    const others = new OtherTrackers({
      ...{ network, clock, onFault },
      clusterId: cluster.clusterId,
      addresses: cluster.peers,
      self: toHex(journal.storeId),
      // Nobody is asked before there is a replicator.
      onCopy: (where) => replicator.refuse(storeCopied(where)),
    });
    const timeoutMs = cluster.timings?.answerMs ?? TIMINGS.answerMs;
    const replicator: Replicator = await Replicator.open({
      ...{ cluster, standing, journal, clock, random, onFault },
      peers: others.names,
      send: (to, message) =>
        others
          .call(to, (client, call) => client.sync(message, call), { timeoutMs })
          .catch((error: unknown) => {
            const refused = whyRefused(error, options.deviceId);
            if (refused !== undefined) onFault(`The tracker at ${to} ${refused}`);
            throw error;
          }),
      onRole: (role, epoch, reason) => log({ kind: 'role_changed', role, epoch, reason }),
    });
    return new ClusterMember(options, { others, replicator, faults, onFault });
  }

  private constructor(
    options: ClusterMemberOptions,
    parts: {
      readonly others: OtherTrackers;
      readonly replicator: Replicator;
      readonly faults: FaultList;
      readonly onFault: (reason: string) => void;
    },
  ) {
    this.#options = options;
    this.#others = parts.others;
    this.#replicator = parts.replicator;
    this.#faults = parts.faults;
    const { register } = options.cluster;
    const { clock, network, cluster } = options;
    this.#admission = new Admission({ network, clock, pins: cluster.peers, onFault: parts.onFault });
    if (register !== undefined) {
      const epoch = (): number => parts.replicator.config.epoch;
      this.#register = new RegisterWatch({ register, clock, epoch, onFault: parts.onFault });
    }
  }

  /** To be given to the ledger. */
  get commit(): Commit {
    return this.#replicator.commit;
  }

  /** Begins to take part with `ledger`, and does not lead before it has looked who else is there. */
  start(ledger: Ledger): void {
    this.#replicator.start(ledger);
    this.#register?.start();
    void this.#others.lookAround().then(() => this.#replicator.looked());
  }

  /** Who decides the changes of `ledger`. */
  authorityWith(ledger: Ledger): ClusterAuthority {
    const { cluster, limits, clock, random } = this.#options;
    return new ClusterAuthority({
      ...{ ledger, limits, clock, random, replicator: this.#replicator, others: this.#others },
      clusterId: cluster.clusterId,
      hasRegister: cluster.register !== undefined,
    });
  }

  /** Whether `remote` is one of the other trackers; where the network proves nothing, everybody may be. */
  admits(remote: ChannelInfo): boolean {
    return this.#admission.admits(remote);
  }

  /** Somebody knew the id of the cluster who is none of it: a person has to be told. */
  strangerKnewId(remote: ChannelInfo): void {
    this.#admission.tellOf(remote);
  }

  /** Serves `sync` of another tracker of the cluster. Fails with `store_copied` where that has the store of this one. */
  async sync(message: SyncRequest, { remote }: ChannelInfo): Promise<SyncAnswer> {
    const { storeId } = this.#options.journal;
    if (message.member !== undefined && sameBytes(message.member.storeId, storeId)) {
      const error = storeCopied(`at ${remote.host}`);
      this.#replicator.refuse(error);
      throw error;
    }
    return this.#replicator.request(message);
  }

  status(): TrackerStatus {
    const nowMs = this.#options.clock.now();
    const msSince = (atMs: number): number => Math.max(0, Math.floor(nowMs - atMs));
    const status = this.#replicator.status();
    const { role, reason, config, headIndex, committedIndex, lastTakeover } = status;
    return {
      ...{ role, config, headIndex, committedIndex },
      reason: shortened(reason),
      changedMsAgo: msSince(status.changedAtMs),
      storeId: fromHex(status.storeId),
      register: this.#register === undefined ? 'none' : this.#register.answers ? 'answers' : 'silent',
      others: othersOf(status),
      lastTakeover:
        lastTakeover === undefined
          ? undefined
          : {
              epoch: lastTakeover.epoch,
              msAgo: msSince(lastTakeover.atMs),
              reason: shortened(lastTakeover.reason),
            },
      faults: this.#faults.all.map(({ atMs, reason: told }) => ({ msAgo: msSince(atMs), reason: told })),
    };
  }

  /** Lets this tracker decide changes from now on. Fails with `not_allowed` where that is the register's business. */
  promote(): void {
    const { cluster } = this.#options;
    if (cluster.register !== undefined) {
      throw new TrackerError(
        'not_allowed',
        'This cluster has a witness, which decides who is primary; promote is for a pair without one',
      );
    }
    if (this.#replicator.refusal !== undefined) throw this.#replicator.refusal;
    this.#replicator.promote();
    if (
      this.#replicator.role === 'primary' ||
      this.#replicator.config.primary === this.#replicator.status().storeId
    )
      return;
    throw new TrackerError(
      'busy',
      'This tracker cannot lead now: it took no part since its disk failed, or it has not caught up with a primary that is there; tracker status tells more',
    );
  }

  /** Before this tracker ends: lets another one take over, or go on alone; resolves when it does, or when none can. */
  async handOver(): Promise<void> {
    const { clock } = this.#options;
    const replicator = this.#replicator;
    replicator.leave();
    const isOver = this.#whatEnds();
    if (isOver === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const unwatch = replicator.watch(() => {
      if (isOver()) resolve();
    });
    const cancel = clock.schedule(CLUSTER_TIMES.handOverMs, resolve);
    replicator.handOver();
    await promise;
    unwatch();
    cancel();
  }

  /** When nobody waits for this tracker any more: it leads no longer, or the primary goes on without it. */
  #whatEnds(): (() => boolean) | undefined {
    const replicator = this.#replicator;
    const { storeId } = replicator.status();
    const { inSync } = replicator.config;
    if (inSync.length < 2 || !inSync.includes(storeId)) return undefined;
    if (replicator.role === 'primary') return () => replicator.role !== 'primary';
    // Without a register a primary leaves nobody out.
    if (this.#options.cluster.register === undefined) return undefined;
    return () => !replicator.config.inSync.includes(storeId);
  }

  /** Takes no part any longer. Idempotent. */
  async close(): Promise<void> {
    this.#register?.close();
    await this.#replicator.close();
    this.#others.close();
  }
}

/** What another tracker has against this one, where a person has to do something about it. */
function whyRefused(error: unknown, deviceId: Uint8Array): string | undefined {
  if (!(error instanceof RpcError && error.remote)) return undefined;
  if (error.code === 'wrong_cluster') return 'belongs to another cluster';
  if (error.code !== 'not_allowed') return undefined;
  return (
    `does not take this one for one of its cluster (${error.message}); ` +
    `start it with ${formatDeviceId(deviceId)} as the pin of this one`
  );
}

function othersOf(status: ReplicationStatus): TrackerStatus['others'] {
  return status.peers.map(({ name, storeId, isInSync, lag, heardMsAgo }) => ({
    name,
    storeId: storeId === undefined ? undefined : fromHex(storeId),
    isInSync,
    lag,
    heardMsAgo: Number.isFinite(heardMsAgo) ? Math.max(0, Math.floor(heardMsAgo)) : undefined,
  }));
}
