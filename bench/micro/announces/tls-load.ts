/** Announces to our tracker: every device has a key, a TLS connection and a session of its own. */
import {
  type Address,
  type Client,
  createConnection,
  createSystemClock,
} from '../../../packages/rpc-core/src/index.ts';
import { createIdentity, createTlsNetwork } from '../../../packages/rpc-core/src/tls.ts';
import { trackerContract } from '../../../packages/tracker/src/contract.ts';
import { DEVICES, FIRST_PORT, type Load, type LoadOrder, ROOTS, rootsOf, swarmSize } from './workload.ts';

export type TrackerClient = Client<typeof trackerContract>;

const GROUP = 'bench';
const PASSWORD = 'correct horse battery';
/** All that a user may have. */
const DEVICES_PER_USER = 64;

/** Connection number `number`, a device of its own, logged in; the first device of a user makes the user. */
export async function connectDevice(address: Address, number: number): Promise<TrackerClient> {
  const identity = createIdentity();
  const network = createTlsNetwork({ identity });
  const channel = await network.connect(address);
  const connection = createConnection({ channel, clock: createSystemClock(), trusted: true });
  const client = connection.client(trackerContract);
  const user = { userId: `user-${Math.floor(number / DEVICES_PER_USER)}`, password: PASSWORD };
  if (number % DEVICES_PER_USER === 0) await client.create_user({ requestId: newRequestId(), ...user });
  await client.login({ ...user, deviceId: identity.deviceId });
  return client;
}

/** Connects all devices and shares all files; answers how to announce. */
export async function prepareTlsLoad(
  address: Address,
  inFlight: number,
): Promise<(order: LoadOrder) => Promise<Load>> {
  const clients: TrackerClient[] = [];
  for (let device = 0; device < DEVICES; device += 1) clients.push(await connectDevice(address, device));
  const [first] = clients;
  if (first === undefined) throw new RangeError('There are no devices');
  await first.create_group({ requestId: newRequestId(), groupId: GROUP });
  for (const [number, root] of ROOTS.entries()) {
    const file = { name: `file-${number}`, size: 5_000_000, pieceLength: 65_536, root };
    await first.upload_file({
      requestId: newRequestId(),
      groupId: GROUP,
      file,
      signature: undefined,
    });
  }
  for (const [device, client] of clients.entries()) {
    for (const root of rootsOf(device)) await announce(client, device, root);
  }
  return async ({ measuredMs }) => {
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() - startedAt >= measuredMs;
    const counts = await Promise.all(
      clients.flatMap((client, device) =>
        Array.from({ length: inFlight }, () => announceUntil(client, device, isOver)),
      ),
    );
    const announces = counts.reduce((sum, count) => sum + count, 0);
    return { announces, seconds: (performance.now() - startedAt) / 1_000 };
  };
}

async function announceUntil(client: TrackerClient, device: number, isOver: () => boolean): Promise<number> {
  const roots = rootsOf(device);
  const others = swarmSize(device) - 1;
  let count = 0;
  while (!isOver()) {
    const peers = await announce(client, device, roots[count % roots.length] ?? new Uint8Array(32));
    if (peers !== others) throw new Error(`An answer named ${peers} peers, expected ${others}`);
    count += 1;
  }
  return count;
}

async function announce(client: TrackerClient, device: number, root: Uint8Array): Promise<number> {
  const file = { groupId: GROUP, root, holding: 'partial' } as const;
  const { swarms } = await client.announce({ port: FIRST_PORT + device, files: [file] });
  return swarms[0]?.peers.length ?? 0;
}

function newRequestId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}
