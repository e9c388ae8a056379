/** Lets everybody in, for tests of what comes after that. */
import { RpcError } from '@minitorrent/rpc-core';
import type { Admission } from '../../src/admission.ts';

const { signal: always } = new AbortController();

export const admitAnybody: Admission = {
  enter: async (connection) => {
    connection.authenticate();
    return always;
  },
  require: () => always,
  present: async (_, { groupId }) => {
    throw new RpcError('not_admitted', `Cannot prove that this peer is a member of ${groupId}`);
  },
};
