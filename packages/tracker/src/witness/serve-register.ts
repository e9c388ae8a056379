/**
 * Serves a register to the trackers of its cluster, and to nobody else.
 */
import { timingSafeEqual } from 'node:crypto';
import {
  type Connection,
  type Handlers,
  type Interceptor,
  RpcError,
  type Served,
  serve,
} from '@minitorrent/rpc-core';
import { isTrackerError, TrackerError } from '../errors.ts';
import type { Config } from '../register.ts';
import { type SwapConfigRequest, witnessContract } from './contract.ts';
import type { DurableRegister } from './durable-register.ts';

/** One thing worth knowing. */
export type WitnessLogEntry =
  | { readonly kind: 'swapped'; readonly config: Config }
  /** A question that could not be answered. */
  | { readonly kind: 'failed'; readonly error: TrackerError };

/** What a connection to a witness is served. */
export function serveRegister(register: DurableRegister, log: (entry: WitnessLogEntry) => void): Served {
  const admit = (clusterId: Uint8Array, connection: Connection): void => {
    if (!timingSafeEqual(clusterId, register.clusterId)) throw wrongCluster();
    // Who knows the id is no stranger: a witness takes few connections of those.
    connection.authenticate();
  };
  const handlers: Handlers<typeof witnessContract> = {
    read_config: async ({ clusterId }, { connection }) => {
      admit(clusterId, connection);
      return { config: await register.read() };
    },
    swap_config: async (request, { connection }) => {
      admit(request.clusterId, connection);
      const { expectedEpoch, config } = checkSwap(request);
      const result = await register.compareAndSwap(expectedEpoch, config);
      if (result.kind === 'current') return { outcome: 'current', config: result.config };
      log({ kind: 'swapped', config });
      return { outcome: 'ok', config };
    },
  };
  const tellCode: Interceptor = async (_, next) => {
    try {
      await next();
    } catch (error) {
      if (!isTrackerError(error)) throw error;
      log({ kind: 'failed', error });
      throw new RpcError(error.code, error.message, { cause: error });
    }
  };
  return serve(witnessContract, handlers, { interceptors: [tellCode] });
}

/** What no tracker proposes is not kept, whoever asks for it. */
function checkSwap(request: SwapConfigRequest): SwapConfigRequest {
  const { expectedEpoch, config } = request;
  if (config.epoch !== expectedEpoch + 1) {
    const message = `Cannot swap in epoch ${config.epoch}: expected ${expectedEpoch + 1}`;
    throw new RpcError('bad_request', message);
  }
  if (config.inSync.includes(config.primary)) return request;
  throw new RpcError('bad_request', 'Cannot swap in a config whose primary is not in sync');
}

function wrongCluster(): TrackerError {
  const message =
    'This witness belongs to another cluster; check the address of the witness and the id of the cluster';
  return new TrackerError('wrong_cluster', message);
}
