/** What the contract's types say to those who write peers. */
import type { Client, Handlers } from '@minitorrent/rpc-core';
import { describe, expectTypeOf, it } from 'vitest';
import type { FileDescriptor, trackerCallbacks, trackerContract } from '../src/contract.ts';
import { TrackerError } from '../src/errors.ts';
import type { TrackerState } from '../src/model.ts';

type Tracker = Client<typeof trackerContract>;
type Peer = Handlers<typeof trackerCallbacks>;

describe('types', () => {
  it('of calls follow from the contract', () => {
    expectTypeOf<Tracker['join_group']>().returns.resolves.toEqualTypeOf<{
      readonly status: 'member' | 'requested';
    }>();
    expectTypeOf<Parameters<Tracker['upload_file']>[0]['file']>().toEqualTypeOf<FileDescriptor>();
    expectTypeOf<Parameters<Tracker['create_group']>[0]>().toEqualTypeOf<{
      readonly requestId: Uint8Array;
      readonly groupId: string;
      readonly proof?: Uint8Array | undefined;
    }>();
  });

  it('of callbacks follow from the contract', () => {
    expectTypeOf<Peer['peer_authentication']>().returns.resolves.toEqualTypeOf<{
      readonly decision: 'accept' | 'refuse' | 'undecided';
      readonly proofs?: readonly Uint8Array[] | undefined;
    }>();
    expectTypeOf<Parameters<Peer['make_file']>[0]['file']>().toEqualTypeOf<FileDescriptor>();
  });

  it('of codes are a closed set, and of the state read only', () => {
    // @ts-expect-error: no such code
    new TrackerError('no_such_code', 'never');
    expectTypeOf<TrackerState['users']>().not.toHaveProperty('set');
  });
});
