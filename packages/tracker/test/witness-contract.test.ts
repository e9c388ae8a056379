import type { Client } from '@minitorrent/rpc-core';
import { encode } from '@minitorrent/wire-codec';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { type Config, noConfig } from '../src/register.ts';
import { witnessContract } from '../src/witness.ts';
import { codecContract, type Sample, sample } from './helpers/codec-contract.ts';
import vectors from './vectors/witness.json' with { type: 'json' };

const { read_config, swap_config } = witnessContract.methods;
const clusterId = new Uint8Array(16).fill(0xc1);
const store = (digit: number): string => `0${digit}`.repeat(16);
const config: Config = { epoch: 301, primary: store(2), inSync: [store(2), store(1)] };

const samples: Readonly<Record<string, Sample>> = {
  'read_config.request': sample(read_config.request.codec, { clusterId }),
  'read_config.response': sample(read_config.response.codec, { config: noConfig }),
  'swap_config.request': sample(swap_config.request.codec, { clusterId, expectedEpoch: 300, config }),
  'swap_config.response': sample(swap_config.response.codec, { outcome: 'current', config }),
};

codecContract(samples, vectors);

describe('witnessContract', () => {
  it('has room for the largest config, and for a field or two of a later version', () => {
    const inSync = Array.from({ length: 16 }, () => store(9));
    const largest = { epoch: Number.MAX_SAFE_INTEGER, primary: store(9), inSync };
    const request = { clusterId, expectedEpoch: Number.MAX_SAFE_INTEGER - 1, config: largest };
    expect(encode(swap_config.request.codec, request).length).toBeLessThan(512);
    expect(swap_config.request.maxBytes).toBe(1024);
    expect(swap_config.response.maxBytes).toBe(1024);
  });

  it('says what calls answer', () => {
    type Witness = Client<typeof witnessContract>;
    expectTypeOf<Witness['read_config']>().returns.resolves.toEqualTypeOf<{ readonly config: Config }>();
    expectTypeOf<Witness['swap_config']>().returns.resolves.toEqualTypeOf<{
      readonly outcome: 'ok' | 'current';
      readonly config: Config;
    }>();
  });
});
