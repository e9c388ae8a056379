/** One question to a tracker, by whoever runs it. */
import type { Address, Client, Clock } from '@minitorrent/rpc-core';
import { createConnection, RpcError } from '@minitorrent/rpc-core';
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { trackerContract } from '@minitorrent/tracker/contract';
import { formatAddress } from '../address.ts';

/** A person waits for the answer; a tracker that is stopped gives none. */
const PATIENCE_MS = 3_000;

/** Fails with `connect_failed`, `connect_timeout`, and as the tracker answers. */
export async function askTracker<R>(
  address: Address,
  clock: Clock,
  ask: (tracker: Client<typeof trackerContract>, options: { readonly signal: AbortSignal }) => Promise<R>,
): Promise<R> {
  const patience = new AbortController();
  const cancel = clock.schedule(PATIENCE_MS, () => {
    const message = `The tracker at ${formatAddress(address)} does not answer`;
    patience.abort(new RpcError('connect_timeout', message));
  });
  const { signal } = patience;
  try {
    const channel = await createTcpNetwork().connect(address, { signal });
    const connection = createConnection({ channel, clock, trusted: true });
    try {
      return await ask(connection.client(trackerContract), { signal });
    } finally {
      await connection.close({ signal });
    }
  } finally {
    cancel();
  }
}
