/** The load generator of the `announces` figure, a process of its own: `ours <host> <port> <in flight>` or `udp <host> <port>`. */
import { answerParent } from '../../harness/child.ts';
import { prepareTlsLoad } from './tls-load.ts';
import { prepareUdpLoad } from './udp-load.ts';
import type { LoadOrder } from './workload.ts';

const [kind, host = '', port, inFlight] = process.argv.slice(2);
const address = { host, port: Number(port) };
const load =
  kind === 'ours' ? await prepareTlsLoad(address, Number(inFlight)) : await prepareUdpLoad(address);
// The figure sends nothing but orders.
answerParent(undefined, (order) => load(order as LoadOrder));
