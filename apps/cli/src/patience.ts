/** How long a person is let wait for a tracker that may be stopped: such a one takes connections, and answers none. */
import type { Address, Clock } from '@minitorrent/rpc-core';
import { RpcError } from '@minitorrent/rpc-core';
import { formatAddress } from './address.ts';

const PATIENCE_MS = 3_000;

/** What `run` answers; its signal aborts with `connect_timeout` when the tracker at `address` has had its time. */
export async function withPatience<R>(
  address: Address,
  clock: Clock,
  run: (signal: AbortSignal) => Promise<R>,
): Promise<R> {
  const patience = new AbortController();
  const cancel = clock.schedule(PATIENCE_MS, () => {
    const message = `The tracker at ${formatAddress(address)} does not answer`;
    patience.abort(new RpcError('connect_timeout', message));
  });
  try {
    return await run(patience.signal);
  } finally {
    cancel();
  }
}
