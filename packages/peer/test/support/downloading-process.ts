/**
 * A peer in a process of its own, to be killed: logs in, downloads or goes on downloading one file, and says how far it
 * has come, one JSON object a line.
 */
import { createTcpNetwork } from '@minitorrent/rpc-core/tcp';
import { createPeer, type Download } from '../../src/index.ts';

interface Order {
  readonly port: number;
  readonly folder: string;
  readonly userId: string;
  readonly password: string;
  readonly groupId: string;
  readonly name: string;
}

// The test that starts this process wrote the argument.
const order = JSON.parse(process.argv[2] ?? '') as Order;
const peer = await createPeer({
  trackers: [{ host: '127.0.0.1', port: order.port }],
  dataDir: `${order.folder}/data`,
  downloadDir: `${order.folder}/downloads`,
  network: createTcpNetwork(),
});
await peer.login(order.userId, order.password);
const download: Download = peer.downloads()[0] ?? (await peer.downloadFile(order.groupId, order.name));
const timer = setInterval(say, 20);
await download.completed;
clearInterval(timer);
say();
await peer.close();

function say(): void {
  const { state, verifiedPieces, resumedPieces, totalPieces } = download.progress();
  process.stdout.write(
    `${JSON.stringify({ state, verifiedPieces, resumedPieces, totalPieces, path: download.path })}\n`,
  );
}
