/** A context in which a test runs commands of the shell. */
import type { Peer } from '@minitorrent/peer';
import { createManualClock } from '@minitorrent/rpc-core/testing';
import type { CommandContext } from '../../src/shell/command.ts';
import { createShownRequests } from '../../src/shell/shown-requests.ts';
import { createFakePeer } from './fake-peer.ts';

export function createFakeContext(
  scripted: Partial<Peer> = {},
  changes: Partial<CommandContext> = {},
): CommandContext {
  return {
    peer: createFakePeer(scripted),
    clock: createManualClock(),
    board: { watch: () => () => undefined, close: () => undefined },
    requests: createShownRequests(),
    signal: new AbortController().signal,
    mode: 'script',
    strategy: undefined,
    askPassword: () => Promise.reject(new Error('The test has not scripted a password')),
    follow: () => undefined,
    ...changes,
  };
}
