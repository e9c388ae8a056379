/**
 * The contract of trackers as one serves it: the same bytes as `trackerContract`, with peers that are encoded already.
 */
import { defineContract, unary } from '@minitorrent/rpc-core';
import { trackerContract } from '../contract.ts';
import { announceRequest, encodedAnnounceAnswer } from '../messages.ts';

export const servedContract = defineContract({
  ...trackerContract.methods,
  announce: unary(announceRequest, encodedAnnounceAnswer),
});
