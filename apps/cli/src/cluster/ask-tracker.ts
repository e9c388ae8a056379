/** One question to a tracker, by whoever runs it, from a device that is made up for it. */
import type { Client, Clock } from '@minitorrent/rpc-core';
import { createConnection } from '@minitorrent/rpc-core';
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import { trackerContract } from '@minitorrent/tracker/contract';
import { withPatience } from '../patience.ts';
import type { PinnedPlace } from '../places/place.ts';

/** What goes with a question. */
export interface AskOptions {
  readonly signal: AbortSignal;
  /** As which device the tracker is asked. */
  readonly deviceId: Uint8Array;
}

/** Fails with `connect_failed`, `connect_timeout`, `handshake_failed`, `wrong_identity`, and as the tracker answers. */
export function askTracker<R>(
  { pin, ...address }: PinnedPlace,
  clock: Clock,
  ask: (tracker: Client<typeof trackerContract>, options: AskOptions) => Promise<R>,
): Promise<R> {
  const identity = createIdentity();
  const network = createTlsNetwork({ identity, clock });
  return withPatience(address, clock, async (signal) => {
    const channel = await network.connect(address, { signal, expect: pin });
    const connection = createConnection({ channel, clock, trusted: true });
    try {
      return await ask(connection.client(trackerContract), { signal, deviceId: identity.deviceId });
    } finally {
      await connection.close({ signal });
    }
  });
}
