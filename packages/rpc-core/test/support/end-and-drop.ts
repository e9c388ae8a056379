/** Ends channels over TLS and drops them in the same breath, on either side; then there is nothing left to do. */
import { createIdentity, createTlsNetwork } from '@minitorrent/rpc-core/tls';
import type { Channel } from '../../src/channel.ts';
import { sayWhatIsLeft } from './what-is-left.ts';

sayWhatIsLeft();

const server = createIdentity();
const nothing = (): void => undefined;
const accepted: Channel[] = [];
const listener = await createTlsNetwork({ identity: server }).listen(
  { host: '127.0.0.1', port: 0 },
  (channel) => {
    accepted.push(channel);
    answerEnd(channel);
  },
);
const network = createTlsNetwork({ identity: createIdentity() });
for (let count = 0; count < 3; count += 1) {
  const channel = await network.connect(listener.address, { expect: server.deviceId });
  answerEnd(channel);
  while (accepted.length <= count) await new Promise(setImmediate);
  for (const side of count === 2 ? [channel, accepted[count]] : [count === 0 ? channel : accepted[count]]) {
    side?.end();
    side?.destroy();
  }
}
await listener.close();

/** As everybody does: a channel whose other side has ended is open until this side ends, too. */
function answerEnd(channel: Channel): void {
  channel.start({ bytes: nothing, drain: nothing, end: () => channel.end(), close: nothing });
}
