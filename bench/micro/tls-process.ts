/** The receiving process of the `tls` figure: takes whatever comes, and ends a channel when the other side does. */
import { createTcpNetwork } from '../../packages/rpc-core/src/tcp.ts';
import { createIdentity, createTlsNetwork } from '../../packages/rpc-core/src/tls.ts';
import { answerParent } from '../harness/child.ts';

const network =
  process.argv[2] === 'tls' ? createTlsNetwork({ identity: createIdentity() }) : createTcpNetwork();
const listener = await network.listen({ host: '127.0.0.1', port: 0 }, (channel) => {
  channel.start({ bytes() {}, drain() {}, end: () => channel.end(), close() {} });
});
answerParent(listener.address);
