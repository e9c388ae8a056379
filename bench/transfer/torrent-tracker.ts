/**
 * A BitTorrent tracker over HTTP (BEP 3, BEP 23) for one torrent: whoever announces is told of all others. It says who
 * announced on standard output, and ends with its standard input.
 */
import { createServer } from 'node:http';
import { bencode } from './torrent.ts';

const INTERVAL_SECONDS = 1_800;
const peers = new Map<string, Buffer>();

const server = createServer((request, response) => {
  const query = new URL(request.url ?? '/', 'http://tracker').searchParams;
  const host = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  const port = Number(query.get('port'));
  const from = `${host}:${port}`;
  if (query.get('event') === 'stopped') peers.delete(from);
  else peers.set(from, Buffer.from([...host.split('.').map(Number), port >> 8, port & 0xff]));
  const others = [...peers].filter(([each]) => each !== from).map(([, address]) => address);
  response.end(bencode({ interval: INTERVAL_SECONDS, peers: Buffer.concat(others) }));
  say({ type: 'announce', from, left: Number(query.get('left')) });
});

const host = process.argv[2];
server.listen(0, host, () => {
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  say({ type: 'listening', url: `http://${host}:${port}/announce` });
});
process.stdin.on('end', () => process.exit()).resume();
process.on('SIGTERM', () => process.exit());

function say(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}
