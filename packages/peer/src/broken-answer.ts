/**
 * Answers that are none: they cannot be read, or say what no version of the protocol says.
 *
 * Nobody sends one by mistake, so whoever does is treated as whoever sends a wrong leaf. What the other side refuses, in
 * its own words, is another matter.
 */
import { StoreError } from '@minitorrent/chunk-store';
import { RpcError } from '@minitorrent/rpc-core';

/** The error for such an answer; `what` completes "cannot use the answer to a message: ...". */
export function brokenAnswer(message: string, what: string): RpcError {
  return new RpcError('bad_response', `Cannot use the answer to ${message}: ${what}`);
}

/** Whether it was found here that what came is no answer, or is cut as no piece is. */
export function isBroken(error: unknown): error is Error {
  if (error instanceof StoreError) return error.code === 'bad_length';
  return error instanceof RpcError && !error.remote && error.code === 'bad_response';
}
