/**
 * What a witness serves to the trackers of its cluster: its register, to be read and to be swapped.
 *
 * Pure: codecs and types. Every request names the cluster, so that a tracker that was given a wrong address cannot touch
 * the register of another cluster.
 */
import { type Contract, defineContract, type UnaryMethod, unary } from '@minitorrent/rpc-core';
import { type Codec, enumeration, fixedBytes, struct, varint } from '@minitorrent/wire-codec';
import { type Config, configCodec } from '../register.ts';
import { CLUSTER_ID_BYTES, WITNESS_LIMITS } from './limits.ts';

/** Asks for the config that the register holds. */
export interface ReadConfigRequest {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
}

export interface ReadConfigAnswer {
  readonly config: Config;
}

/** Puts `config` in the place of the one whose epoch is `expectedEpoch`; its own epoch is one more. */
export interface SwapConfigRequest {
  /** 16 bytes. */
  readonly clusterId: Uint8Array;
  readonly expectedEpoch: number;
  readonly config: Config;
}

export interface SwapConfigAnswer {
  /** `ok`: swapped, and durable. `current`: nothing was changed, because the epoch is another one. */
  readonly outcome: 'ok' | 'current';
  /** What the register holds now. */
  readonly config: Config;
}

const clusterId = fixedBytes(CLUSTER_ID_BYTES);
const readConfigRequest: Codec<ReadConfigRequest> = struct({ clusterId }, { extensible: true });
const readConfigAnswer: Codec<ReadConfigAnswer> = struct({ config: configCodec }, { extensible: true });
const swapConfigRequest: Codec<SwapConfigRequest> = struct(
  { clusterId, expectedEpoch: varint, config: configCodec },
  { extensible: true },
);
const swapConfigAnswer: Codec<SwapConfigAnswer> = struct(
  { outcome: enumeration({ ok: 1, current: 2 }), config: configCodec },
  { extensible: true },
);

const limits = {
  maxRequestBytes: WITNESS_LIMITS.messageBytes,
  maxResponseBytes: WITNESS_LIMITS.messageBytes,
};

/** The methods of `witnessContract`. */
export type WitnessMethods = {
  readonly read_config: UnaryMethod<ReadConfigRequest, ReadConfigAnswer>;
  readonly swap_config: UnaryMethod<SwapConfigRequest, SwapConfigAnswer>;
};

/** The messages that a witness serves. */
export const witnessContract: Contract<WitnessMethods> = defineContract({
  read_config: unary(readConfigRequest, readConfigAnswer, limits),
  swap_config: unary(swapConfigRequest, swapConfigAnswer, limits),
});
