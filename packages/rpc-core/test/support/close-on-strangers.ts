/**
 * Takes strangers away from a listener under TLS at the moment at which they end by themselves: when it closes, and when their
 * time is over. Then there is nothing left to do.
 */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { createManualClock, drainMicrotasks } from '../../src/testing.ts';
import { createIdentity, createTlsNetwork } from '../../src/tls.ts';
import { listenOn, sendPlain } from './tls.ts';
import { sayWhatIsLeft } from './what-is-left.ts';

const HANDSHAKE_MS = 1_000;

sayWhatIsLeft();
const bells = createServer();
const bellAddress = await listenOn(bells);
for (const what of ['close', 'time'] as const) {
  const clock = createManualClock();
  const network = createTlsNetwork({
    identity: createIdentity(),
    clock,
    limits: { handshakeMs: HANDSHAKE_MS },
  });
  const listener = await network.listen({ host: '127.0.0.1', port: 0 }, () => undefined);
  const stranger = await sendPlain(listener.address, new Uint8Array());
  while (clock.scheduledTasks === 0) await drainMicrotasks();
  const [ringer, [bell]] = await Promise.all([
    sendPlain(bellAddress, new Uint8Array()),
    // A server of `node:net` emits sockets.
    once(bells, 'connection') as Promise<[Socket]>,
  ]);
  // Both ends arrive in one turn of the loop: the stranger's is seen first, and answered in a later turn.
  bell.resume().once('end', () => {
    if (what === 'time') clock.advance(HANDSHAKE_MS);
    void listener.close();
  });
  stranger.resume().end();
  ringer.resume().end();
  await Promise.all([once(stranger, 'close'), once(ringer, 'close')]);
}
bells.close();
