/** Several trackers as one in this process, each with a key of its own, on a clock that the test moves. */
import type { Network, PinnedAddress } from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { createMemoryNetwork } from '@minitorrent/rpc-core/memory';
import { createManualClock, createSeededRandom, type ManualClock } from '@minitorrent/rpc-core/testing';
import { genesis } from '../../src/entry.ts';
import type { Journal } from '../../src/journal/journal.ts';
import { createMemoryJournal, type MemoryStorage } from '../../src/journal/memory-journal.ts';
import type { SyncRequest } from '../../src/messages.ts';
import { createMemoryRegister, noConfig, type Register, RegisterCell } from '../../src/register.ts';
import type { Timings } from '../../src/replication/timings.ts';
import { type CommonTrackerOptions, createTracker, type Tracker } from '../../src/shell/create-tracker.ts';
import { untilApart } from './apart.ts';
import { CHEAP, connectPeer, newDeviceId, type PeerOptions, type TestPeer } from './peers.ts';

export const CLUSTER_ID = new Uint8Array(16).fill(0xc1);

/** What another tracker of the cluster with that id would begin with. */
export function memberRequest(clusterId: Uint8Array): SyncRequest {
  const storeId = new Uint8Array(16).fill(0xee);
  return {
    position: genesis,
    entries: [],
    member: { kind: 'pull', clusterId, storeId, config: noConfig, committed: 0, snapshot: undefined },
  };
}

export interface ClusterPeerOptions extends Partial<PeerOptions> {
  /** The connection proves the device. */
  readonly isProved?: boolean;
}

export interface ClusterScene extends AsyncDisposable {
  readonly clock: ManualClock;
  readonly cell: RegisterCell;
  /** The register answers nothing while this is true. */
  isRegisterAway: boolean;
  /** The tracker of this number reaches the register no more, and no tracker another one; nobody tells them. */
  cutOff: number | undefined;
  readonly logs: string[];
  /** Starts tracker number `at` on the journal that it had before, if it had one. */
  start(
    at: number,
    options?: Partial<CommonTrackerOptions> & { readonly journal?: Journal },
  ): Promise<Tracker>;
  /** Ends it without a word to the others, as far as that is possible inside one process. */
  kill(at: number): Promise<void>;
  /** Its disk is lost. */
  wipe(at: number): void;
  tracker(at: number): Tracker;
  /** The network as a device at `host` uses it. */
  networkOf(host: string, deviceId: Uint8Array): Network;
  roles(): readonly string[];
  /** Lets time pass until `isDone`, for at most `mostMs`; throws with the roles where it is not. */
  until(isDone: () => boolean, mostMs?: number): Promise<void>;
  /** Answers what `promise` does, letting time pass in small steps. */
  outcome<T>(promise: Promise<T>): Promise<T>;
  connect(at: number, options?: ClusterPeerOptions): Promise<TestPeer>;
  logIn(at: number, userId: string, options?: ClusterPeerOptions): Promise<TestPeer>;
}

export interface ClusterSceneOptions {
  readonly trackers?: number;
  readonly hasRegister?: boolean;
  /** Of tracker number `at`. */
  readonly timings?: (at: number) => Partial<Timings>;
  /** What tracker number `at` was told of the key of number `other`; the truth unless given. */
  readonly pin?: (at: number, other: number) => Uint8Array;
}

/** Who tracker number `at` of every scene is. */
export function identityOf(at: number): Identity {
  return createIdentity({ seed: new Uint8Array(32).fill(at + 1) });
}

const PORT = 7_700;

export function createClusterScene({
  trackers = 2,
  hasRegister = true,
  timings = () => ({}),
  pin = (_, other) => identityOf(other).deviceId,
}: ClusterSceneOptions = {}): ClusterScene {
  const network = createMemoryNetwork();
  const clock = createManualClock();
  const cell = new RegisterCell();
  const disks = createSeededRandom(99);
  const emptyDisk = (): MemoryStorage => ({ records: [], snapshot: undefined, storeId: disks.bytes(16) });
  const storages = Array.from({ length: trackers }, emptyDisk);
  const running = new Map<number, Tracker>();
  const peers: TestPeer[] = [];
  const memory = createMemoryRegister(cell);
  const addressOf = (at: number) => ({ host: `tracker-${at}`, port: PORT });
  const othersOf = (at: number): readonly PinnedAddress[] =>
    storages.flatMap((_, other) => (other === at ? [] : [{ ...addressOf(other), pin: pin(at, other) }]));
  const away = { kind: 'unknown', why: 'it is away' } as const;
  const registerOf = (at: number): Register => {
    const isAway = (): boolean => scene.isRegisterAway || scene.cutOff === at;
    return {
      read: async () => (isAway() ? away : memory.read()),
      compareAndSwap: async (epoch, config) => (isAway() ? away : memory.compareAndSwap(epoch, config)),
    };
  };
  const trackerAt = (at: number): Tracker => {
    const tracker = running.get(at);
    if (tracker === undefined) throw new TypeError(`Tracker ${at} does not run`);
    return tracker;
  };

  const scene: ClusterScene = {
    clock,
    cell,
    isRegisterAway: false,
    cutOff: undefined,
    logs: [],
    start: async (at, options = {}) => {
      const identity = identityOf(at);
      const tracker = await createTracker({
        network: untilApart(
          network.from(`tracker-${at}`, identity.deviceId),
          () => scene.cutOff !== undefined,
        ),
        identity,
        address: addressOf(at),
        clock,
        random: createSeededRandom(at + 1),
        journal: createMemoryJournal(storages[at]),
        limits: CHEAP,
        cluster: {
          clusterId: CLUSTER_ID,
          peers: othersOf(at),
          ...(hasRegister ? { register: registerOf(at) } : {}),
          timings: timings(at),
        },
        onLog: (entry) => {
          if (entry.kind === 'fault') scene.logs.push(entry.reason);
        },
        ...options,
      });
      running.set(at, tracker);
      return tracker;
    },
    kill: async (at) => {
      const tracker = trackerAt(at);
      running.delete(at);
      await tracker.close({ signal: AbortSignal.abort() });
    },
    wipe: (at) => {
      storages[at] = emptyDisk();
    },
    tracker: trackerAt,
    networkOf: (host, deviceId) => network.from(host, deviceId),
    roles: () => storages.map((_, at) => running.get(at)?.status().role ?? 'down'),
    until: async (isDone, mostMs = 10_000) => {
      const end = clock.now() + mostMs;
      while (!isDone()) {
        if (clock.now() >= end) throw new Error(`Waited ${mostMs} ms in vain: ${scene.roles().join(', ')}`);
        await clock.advanceAsync(10);
      }
    },
    outcome: async (promise) => {
      let isSettled = false;
      const settled = promise.finally(() => {
        isSettled = true;
      });
      settled.catch(() => undefined);
      await scene.until(() => isSettled, 60_000);
      return settled;
    },
    connect: async (at, { isProved = false, deviceId = newDeviceId(), ...more } = {}) => {
      const local = network.from('peer', isProved ? deviceId : undefined);
      const peer = await connectPeer({ network: local, clock, address: addressOf(at), ...more, deviceId });
      peers.push(peer);
      return peer;
    },
    logIn: async (at, userId, more) => {
      const peer = await scene.connect(at, more);
      await scene.outcome(peer.signUp(userId));
      return peer;
    },
    [Symbol.asyncDispose]: async () => {
      // Or ends of connections would be waited for on a clock that nobody moves.
      scene.cutOff = undefined;
      for (const peer of peers) await peer[Symbol.asyncDispose]();
      for (const at of running.keys()) await scene.kill(at);
    },
  };
  return scene;
}
