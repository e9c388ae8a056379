/** Connects to our tracker until it has as many connections as it is asked for: `<host> <port>`. */
import { answerParent } from '../../harness/child.ts';
import { connectDevice } from './tls-load.ts';

const [host = '', port] = process.argv.slice(2);
let count = 0;
answerParent(undefined, async (wanted) => {
  for (; count < Number(wanted); count += 1) await connectDevice({ host, port: Number(port) }, count);
  return count;
});
