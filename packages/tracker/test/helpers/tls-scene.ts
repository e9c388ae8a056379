/** A pair of trackers and a witness that speak TLS over sockets of this machine, each with a key of its own. */
import type { Address, Network, PinnedAddress } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { createIdentity, type Identity } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { createMemoryJournal, type MemoryStorage } from '../../src/journal/memory-journal.ts';
import { createTracker, type Tracker } from '../../src/shell/create-tracker.ts';
import { createWitness, initWitness, openWitnessRegister, type Witness } from '../../src/witness.ts';
import { CLUSTER_ID, identityOf } from './cluster-scene.ts';
import { createTestFolder } from './folder.ts';
import { CHEAP, connectPeer, type TestPeer } from './peers.ts';

export interface TlsScene extends AsyncDisposable {
  readonly witness: Witness;
  /** Of the witness, with its pin. */
  readonly witnessPlace: PinnedAddress;
  /** Starts tracker number `at`, on the journal that it had before. */
  start(at: number, identity?: Identity): Promise<Tracker>;
  /** Ends it without a word to the others. */
  kill(at: number): Promise<void>;
  tracker(at: number): Tracker;
  /** The network as that device uses it; places are known by name. */
  networkOf(identity: Identity): Network;
  connect(at: number, identity: Identity): Promise<TestPeer>;
}

const witnessIdentity = createIdentity();

export async function openTlsScene(): Promise<TlsScene> {
  await using opened = new AsyncDisposableStack();
  const places = new Map<string, Address>();
  const networkOf = (identity: Identity): Network => named(createTlsNetwork({ identity }), places);
  const placeOf = (at: number): PinnedAddress => ({ ...nameAt(at), pin: identityOf(at).deviceId });
  const { path: dataDir } = opened.use(await createTestFolder());
  await initWitness({ dataDir, clusterId: CLUSTER_ID });
  const witness = opened.use(
    await createWitness({
      network: networkOf(witnessIdentity),
      address: { host: 'witness', port: 0 },
      admit: [0, 1].map((at) => identityOf(at).deviceId),
      dataDir,
    }),
  );
  const witnessPlace = { host: 'witness', port: 1, pin: witnessIdentity.deviceId };
  const running = new Map<number, { readonly tracker: Tracker; stop(): Promise<void> }>();
  opened.defer(async () => {
    for (const { stop } of running.values()) await stop();
  });
  const storages = [1, 2].map(
    (byte): MemoryStorage => ({
      records: [],
      snapshot: undefined,
      storeId: new Uint8Array(16).fill(byte),
    }),
  );
  const start = async (at: number, identity: Identity = identityOf(at)): Promise<Tracker> => {
    const network = networkOf(identity);
    const register = openWitnessRegister({ network, address: witnessPlace, clusterId: CLUSTER_ID });
    const tracker = await createTracker({
      ...{ network, identity, address: nameAt(at), limits: CHEAP },
      journal: createMemoryJournal(storages[at]),
      cluster: { clusterId: CLUSTER_ID, peers: [placeOf(1 - at)], register },
    });
    const stop = async (): Promise<void> => {
      await tracker.close({ signal: AbortSignal.abort() });
      await register.close();
    };
    running.set(at, { tracker, stop });
    return tracker;
  };
  const peers = opened.use(new AsyncDisposableStack());
  const resources = opened.move();
  return {
    ...{ witness, witnessPlace, start, networkOf },
    kill: async (at) => {
      await running.get(at)?.stop();
      running.delete(at);
    },
    tracker: (at) => {
      const one = running.get(at);
      if (one === undefined) throw new TypeError(`Tracker ${at} does not run`);
      return one.tracker;
    },
    connect: async (at, identity) =>
      peers.use(
        await connectPeer({
          network: networkOf(identity),
          address: nameAt(at),
          deviceId: identity.deviceId,
        }),
      ),
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

function nameAt(at: number): Address {
  return { host: `tracker-${at}`, port: 1 };
}

/** A network on which places have names, because a port is known only once somebody listens. */
function named(network: Network, places: Map<string, Address>): Network {
  return {
    proves: network.proves,
    listen: async ({ host }, accept) => {
      const listener = await network.listen({ host: '127.0.0.1', port: 0 }, accept);
      places.set(host, listener.address);
      return listener;
    },
    connect: async ({ host }, options) => {
      const place = places.get(host);
      if (place === undefined) throw new RpcError('connect_failed', `Nobody was ever at ${host}`);
      return network.connect(place, options);
    },
  };
}
