/** Ends channels over TLS and drops them in the same breath, on either side; then there is nothing left to do. */
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import type { Channel } from '../../src/channel.ts';

const server = createIdentity();
const nothing = (): void => undefined;
const events = { bytes: nothing, drain: nothing, end: nothing, close: nothing };
const accepted: Channel[] = [];
const listener = await createTlsNetwork({ identity: server }).listen(
  { host: '127.0.0.1', port: 0 },
  (channel) => {
    accepted.push(channel);
    channel.start(events);
  },
);
const network = createTlsNetwork({ identity: createIdentity() });
for (let count = 0; count < 3; count += 1) {
  const channel = await network.connect(listener.address, { expect: server.deviceId });
  channel.start(events);
  while (accepted.length <= count) await new Promise(setImmediate);
  for (const side of count === 2 ? [channel, accepted[count]] : [count === 0 ? channel : accepted[count]]) {
    side?.end();
    side?.destroy();
  }
}
await listener.close();
