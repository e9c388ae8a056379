/** Announces to a BitTorrent tracker over UDP (BEP 15), many at a time from one socket. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Address } from '../../../packages/rpc-core/src/index.ts';
import { DEVICES, FIRST_PORT, type Load, type LoadOrder, rootsOf, WANTED_PEERS } from './workload.ts';

const PROTOCOL_ID = Buffer.from('0000041727101980', 'hex');
const CONNECT = 0;
const ANNOUNCE = 1;
/** action, transaction, interval, leechers, seeders; then 6 bytes a peer. */
const ANSWER_BYTES = 20;
const PEER_BYTES = 6;
/** Datagrams on their way: enough that the tracker never waits, few enough for the buffers of the kernel. */
const IN_FLIGHT = 256;
/** After this long without an answer all that is on its way counts as lost. */
const SILENCE_MS = 500;

/** Announces everything once; answers how to go on. */
export async function prepareUdpLoad({ host, port }: Address): Promise<(order: LoadOrder) => Promise<Load>> {
  const socket = createSocket('udp4');
  socket.connect(port, host);
  await once(socket, 'connect');
  const requests = await makeRequests(socket);
  for (const request of requests) {
    socket.send(request);
    const problem = problemOf(await nextMessage(socket), 0);
    if (problem !== undefined) throw new Error(problem);
  }
  return ({ measuredMs }) => announceFor(socket, requests, measuredMs);
}

async function makeRequests(socket: Socket): Promise<readonly Buffer[]> {
  const hello = Buffer.concat([PROTOCOL_ID, Buffer.alloc(8)]);
  hello.writeUInt32BE(CONNECT, 8);
  socket.send(hello);
  const connectionId = (await nextMessage(socket)).subarray(8, 16);
  const devices = Array.from({ length: DEVICES }, (_, device) => device);
  return devices.flatMap((device) =>
    rootsOf(device).map((root) => announceRequest(connectionId, device, root)),
  );
}

function announceRequest(connectionId: Buffer, device: number, root: Uint8Array): Buffer {
  const request = Buffer.alloc(98);
  connectionId.copy(request);
  request.writeUInt32BE(ANNOUNCE, 8);
  request.writeUInt32BE(device, 12);
  request.set(root.subarray(0, 20), 16);
  request.write(`-MT0001-${String(device).padStart(12, '0')}`, 36, 'latin1');
  request.writeUInt32BE(1, 68);
  request.writeUInt32BE(WANTED_PEERS, 92);
  request.writeUInt16BE(FIRST_PORT + device, 96);
  return request;
}

function announceFor(socket: Socket, requests: readonly Buffer[], measuredMs: number): Promise<Load> {
  const { promise, resolve, reject } = Promise.withResolvers<Load>();
  const startedAt = performance.now();
  let announces = 0;
  let sent = 0;
  let heardAt = startedAt;
  const send = (): void => {
    socket.send(requests[sent % requests.length] ?? Buffer.alloc(0));
    sent += 1;
  };
  const refill = (): void => {
    for (let count = 0; count < IN_FLIGHT; count += 1) send();
  };
  const watch = setInterval(() => {
    if (performance.now() - heardAt > SILENCE_MS) refill();
  }, SILENCE_MS);
  const stop = (): void => {
    clearInterval(watch);
    socket.off('message', take);
  };
  const take = (answer: Buffer): void => {
    heardAt = performance.now();
    announces += 1;
    const problem = problemOf(answer, 1);
    if (problem === undefined && heardAt - startedAt < measuredMs) send();
    else {
      stop();
      if (problem === undefined) resolve({ announces, seconds: (heardAt - startedAt) / 1_000 });
      else reject(new Error(problem));
    }
  };
  socket.on('message', take);
  refill();
  return promise;
}

/** Trackers may draw lots, and may name whoever asks, so only the least is checked. */
function problemOf(answer: Buffer, leastPeers: number): string | undefined {
  if (answer.length < ANSWER_BYTES || answer.readUInt32BE(0) !== ANNOUNCE) {
    return `The tracker refused: ${answer.subarray(8).toString('latin1')}`;
  }
  const peers = (answer.length - ANSWER_BYTES) / PEER_BYTES;
  return peers < leastPeers ? `An answer named ${peers} peers, expected ${leastPeers} at least` : undefined;
}

async function nextMessage(socket: Socket): Promise<Buffer> {
  const [message] = await once(socket, 'message', { signal: AbortSignal.timeout(10_000) });
  return message;
}
