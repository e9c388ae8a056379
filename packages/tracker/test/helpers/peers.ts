/** Trackers and peers for tests of the service, over any network. */
import type { Address, Client, Clock, Connection, Handlers, Network, RpcLimits } from '@minitorrent/rpc-core';
import { createConnection, createSystemClock, serve } from '@minitorrent/rpc-core';
import { createIdentity } from '@minitorrent/rpc-core/identity';
import { type Holding, trackerCallbacks, trackerContract } from '../../src/contract.ts';
import { createMemoryJournal } from '../../src/journal/memory-journal.ts';
import type { TrackerLimits } from '../../src/limits.ts';
import { createTracker, type Tracker, type TrackerOptions } from '../../src/shell/create-tracker.ts';

/** argon2id at its cheapest: the tests are not about its strength. */
export const CHEAP: Partial<TrackerLimits> = { argon2MemoryKib: 8, argon2Passes: 1 };
export const PASSWORD = 'correct horse battery';

type CallbackHandlers = Handlers<typeof trackerCallbacks>;
type CallbackName = keyof CallbackHandlers;
type RequestOf<N extends CallbackName> = Parameters<CallbackHandlers[N]>[0];

/** A connection to a tracker that keeps what it is told. */
export interface TestPeer extends AsyncDisposable {
  readonly tracker: Client<typeof trackerContract>;
  readonly connection: Connection;
  readonly deviceId: Uint8Array;
  /** The next request that was not taken yet; waits for it. */
  next<N extends CallbackName>(name: N): Promise<RequestOf<N>>;
  /** Requests that were not taken yet. */
  untaken(name: CallbackName): number;
  /** Creates the user, where that is not done yet, and logs in. */
  signUp(userId: string): Promise<void>;
  createGroup(groupId: string): Promise<void>;
  /** Announces one file. */
  announce(
    groupId: string,
    root: Uint8Array,
    holding?: Holding,
    port?: number,
  ): ReturnType<TestPeer['tracker']['announce']>;
}

export interface PeerOptions {
  readonly network: Network;
  readonly address: Address;
  readonly clock?: Clock;
  readonly deviceId?: Uint8Array;
  readonly rpcLimits?: Partial<RpcLimits>;
  /** Answers `peer_authentication`; undecided unless told. */
  readonly decide?: CallbackHandlers['peer_authentication'];
}

/** A tracker on a memory journal, unless told otherwise. */
export function startTracker(
  options: Pick<TrackerOptions, 'network'> & Partial<TrackerOptions> & { readonly dataDir?: string },
): Promise<Tracker> {
  const { dataDir, limits, identity = createIdentity(), ...others } = options;
  const place = dataDir === undefined ? { journal: createMemoryJournal() } : { dataDir };
  const address = { host: '127.0.0.1', port: 0 };
  return createTracker({ address, identity, ...place, ...others, limits: { ...CHEAP, ...limits } });
}

let counter = 0;

/** 16 bytes that were not used before. */
export function newRequestId(): Uint8Array {
  counter += 1;
  return new Uint8Array(16).map((_, at) => (counter / 256 ** (at & 3)) & 0xff);
}

/** 32 bytes that were not used before. */
export function newDeviceId(): Uint8Array {
  return new Uint8Array([...newRequestId(), ...newRequestId()]);
}

export async function connectPeer(options: PeerOptions): Promise<TestPeer> {
  const { network, address, clock = createSystemClock(), deviceId = newDeviceId() } = options;
  const inbox = createInbox();
  const handlers: CallbackHandlers = {
    make_file: async (request) => inbox.put('make_file', request),
    membership_changed: async (request) => inbox.put('membership_changed', request),
    devices_revoked: async (request) => inbox.put('devices_revoked', request),
    peer_authentication: async (request, context) => {
      inbox.put('peer_authentication', request);
      return (await options.decide?.(request, context)) ?? { decision: 'undecided' };
    },
  };
  const connection = createConnection({
    channel: await network.connect(address),
    clock,
    serve: [serve(trackerCallbacks, handlers)],
    trusted: true,
    ...(options.rpcLimits === undefined ? {} : { limits: options.rpcLimits }),
  });
  const tracker = connection.client(trackerContract);
  return {
    tracker,
    connection,
    deviceId,
    // The inbox holds under a name what the handler of that name was given.
    next: (name) => inbox.take(name) as Promise<never>,
    untaken: (name) => inbox.size(name),
    signUp: async (userId) => {
      await tracker
        .create_user({ requestId: newRequestId(), userId, password: PASSWORD })
        .catch(ignoring('user_exists'));
      await tracker.login({ userId, password: PASSWORD, deviceId });
    },
    createGroup: async (groupId) => {
      await tracker.create_group({ requestId: newRequestId(), groupId });
    },
    announce: (groupId, root, holding = 'complete', port = 4_000) =>
      tracker.announce({ port, files: [{ groupId, root, holding }] }),
    [Symbol.asyncDispose]: async () => {
      connection.abort();
      await connection.closed;
    },
  };
}

function ignoring(code: string): (error: unknown) => void {
  return (error) => {
    if ((error as { readonly code?: string }).code !== code) throw error;
  };
}

interface Inbox {
  put(name: string, request: unknown): Record<never, never>;
  take(name: string): Promise<unknown>;
  size(name: string): number;
}

function createInbox(): Inbox {
  const requests = new Map<string, unknown[]>();
  const waiting = new Map<string, ((request: unknown) => void)[]>();
  return {
    put: (name, request) => {
      const waiter = waiting.get(name)?.shift();
      if (waiter === undefined) requests.set(name, [...(requests.get(name) ?? []), request]);
      else waiter(request);
      return {};
    },
    take: (name) => {
      const [first, ...rest] = requests.get(name) ?? [];
      if (first === undefined) {
        return new Promise((resolve) => {
          waiting.set(name, [...(waiting.get(name) ?? []), resolve]);
        });
      }
      requests.set(name, rest);
      return Promise.resolve(first);
    },
    size: (name) => requests.get(name)?.length ?? 0,
  };
}
