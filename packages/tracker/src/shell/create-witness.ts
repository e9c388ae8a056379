/**
 * Puts a witness together: folder, register, listener; and takes it apart in reverse.
 */
import type { Address, ChannelInfo, Clock, LogEntry, Network, RpcLimits } from '@minitorrent/rpc-core';
import { createServer, createSystemClock, type RpcServer } from '@minitorrent/rpc-core';
import { type Identity, isSameDevice } from '@minitorrent/rpc-core/identity';
import { createTlsNetwork, loadOrCreateIdentity } from '@minitorrent/rpc-core/tls';
import debug from 'debug';
import type { Config } from '../register.ts';
import { DurableRegister } from '../witness/durable-register.ts';
import { readRegister } from '../witness/register-steps.ts';
import { serveRegister, type WitnessLogEntry } from '../witness/serve-register.ts';
import { lockFolder } from './folder-lock.ts';
import { createWitnessFiles } from './witness-folder.ts';

export interface WitnessOptions {
  /** TLS as the device of `identity` unless given. */
  readonly network?: Network;
  /** Which device this is, where no network is given: the one whose key is kept in `dataDir` unless told. */
  readonly identity?: Identity;
  /**
   * The device ids of the trackers of its cluster: nobody else gets a word out of it, where the network proves who they
   * are. Everybody who knows the id of the cluster may ask unless given.
   */
  readonly admit?: readonly Uint8Array[];
  /** Where to listen; port 0 takes any free one. */
  readonly address: Address;
  /** The folder in which `initWitness` made the register. */
  readonly dataDir: string;
  /** The system's unless given. */
  readonly clock?: Clock;
  /** Those of rpc-core that differ, for every connection and the number of them. */
  readonly rpcLimits?: Partial<RpcLimits>;
  /** Told of everything worth knowing, of the connections too; must not throw. */
  readonly onLog?: (entry: WitnessLogEntry | LogEntry) => void;
}

/** A witness that runs: the third vote of two trackers, a few hundred bytes of state. */
export interface Witness extends AsyncDisposable {
  /** The address that is really bound, with its port. */
  readonly address: Address;
  /** 16 bytes; its trackers have the same. */
  readonly clusterId: Uint8Array;
  /** What its register holds now. */
  readonly config: Config;
  /** Stops accepting, lets questions come to their end, and lets go of the folder. Idempotent; `signal` cuts connections at once. */
  close(options?: { readonly signal?: AbortSignal }): Promise<void>;
}

/**
 * Starts a witness on the register in `dataDir`. Fails with `no_register`, `register_corrupt`, `register_too_new`,
 * `register_failed` or `locked`, or an `RpcError` `listen_failed`, `identity_exposed`, `identity_corrupt` or
 * `identity_failed`.
 *
 * A register that was restored from an older copy looks like any other from here. Trackers notice, by the epochs that
 * they know, and then nobody takes over; so do not start a witness from a backup, nor two from copies of one folder.
 */
export async function createWitness(options: WitnessOptions): Promise<Witness> {
  const { address, dataDir, clock = createSystemClock(), onLog = () => undefined } = options;
  const files = createWitnessFiles(dataDir);
  // Before the lock: a folder without a register stays as it is.
  await readRegister(files);
  await using opened = new AsyncDisposableStack();
  const lock = lockFolder(dataDir, { name: 'witness', failure: 'register_failed' });
  opened.defer(() => lock.unlock());
  const register = await DurableRegister.open(files);
  opened.defer(() => register.close());
  const network = await networkOf(options);
  const server = await createServer({
    network,
    address,
    clock,
    admit: admissionOf(options.admit, network),
    serve: [
      serveRegister(register, (entry) => {
        writeLog(entry);
        onLog(entry);
      }),
    ],
    onLog: (entry) => {
      log.connections('%o', entry);
      onLog(entry);
    },
    ...(options.rpcLimits === undefined ? {} : { limits: options.rpcLimits }),
  });
  log.witness('listening on %o', server.address);
  return new RunningWitness(register, server, opened.move());
}

async function networkOf({ network, identity, dataDir, clock }: WitnessOptions): Promise<Network> {
  if (network !== undefined) return network;
  const own = identity ?? (await loadOrCreateIdentity({ folder: dataDir }));
  return createTlsNetwork({ identity: own, ...(clock === undefined ? {} : { clock }) });
}

/** Who may connect: whoever is not admitted is gone before a word is exchanged. */
function admissionOf(
  admitted: readonly Uint8Array[] | undefined,
  { proves }: Network,
): (remote: ChannelInfo) => boolean {
  if (admitted === undefined || !proves) return () => true;
  return ({ remoteIdentity }) =>
    remoteIdentity !== undefined && admitted.some((deviceId) => isSameDevice(deviceId, remoteIdentity));
}

class RunningWitness implements Witness {
  readonly #register: DurableRegister;
  readonly #server: RpcServer;
  readonly #resources: AsyncDisposableStack;
  #closing: Promise<void> | undefined;

  constructor(register: DurableRegister, server: RpcServer, resources: AsyncDisposableStack) {
    this.#register = register;
    this.#server = server;
    this.#resources = resources;
  }

  get address(): Address {
    return this.#server.address;
  }

  get clusterId(): Uint8Array {
    return this.#register.clusterId;
  }

  get config(): Config {
    return this.#register.config;
  }

  close(options?: { readonly signal?: AbortSignal }): Promise<void> {
    this.#closing ??= this.#close(options);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(options?: { readonly signal?: AbortSignal }): Promise<void> {
    await this.#server.close(options);
    await this.#resources.disposeAsync();
    log.witness('closed %o', this.address);
  }
}

const log = {
  witness: debug('minitorrent:tracker:witness'),
  connections: debug('minitorrent:tracker:witness:connections'),
};

function writeLog(entry: WitnessLogEntry): void {
  if (entry.kind === 'failed') log.witness('cannot answer: %s', entry.error.message);
  else
    log.witness(
      'epoch %d: primary %s, in sync %o',
      entry.config.epoch,
      entry.config.primary,
      entry.config.inSync,
    );
}
