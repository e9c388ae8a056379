/** Announces to our tracker: every device has a key, a TLS connection and a session of its own. */
import {
  type Address,
  type Client,
  createConnection,
  createSystemClock,
} from '../../../packages/rpc-core/src/index.ts';
import { createIdentity, createTlsNetwork } from '../../../packages/rpc-core/src/tls.ts';
import { trackerContract } from '../../../packages/tracker/src/contract.ts';
import { Announcer } from './announcer.ts';
import { type Tap, tapChannel } from './tap.ts';
import { DEVICES, FIRST_PORT, type Load, type LoadOrder, ROOTS, rootsOf, swarmSize } from './workload.ts';

type TrackerClient = Client<typeof trackerContract>;

/** A device that has logged in. */
interface Device {
  readonly client: TrackerClient;
  readonly tap: Tap;
}

const GROUP = 'bench';
const PASSWORD = 'correct horse battery';
/** All that a user may have. */
const DEVICES_PER_USER = 64;

/** Connection number `number`, a device of its own, logged in; the first device of a user makes the user. */
export async function connectDevice(address: Address, number: number): Promise<Device> {
  const identity = createIdentity();
  const network = createTlsNetwork({ identity });
  const tap = tapChannel(await network.connect(address));
  const connection = createConnection({ channel: tap.channel, clock: createSystemClock(), trusted: true });
  const client = connection.client(trackerContract);
  const user = { userId: `user-${Math.floor(number / DEVICES_PER_USER)}`, password: PASSWORD };
  if (number % DEVICES_PER_USER === 0) await client.create_user({ requestId: newRequestId(), ...user });
  await client.login({ ...user, deviceId: identity.deviceId });
  return { client, tap };
}

/** Connects all devices and shares all files; answers how to announce. */
export async function prepareTlsLoad(
  address: Address,
  inFlight: number,
): Promise<(order: LoadOrder) => Promise<Load>> {
  const devices: Device[] = [];
  for (let number = 0; number < DEVICES; number += 1) devices.push(await connectDevice(address, number));
  await shareAll(devices[0]);
  for (const [number, { client }] of devices.entries()) {
    for (const request of requestsOf(number)) await client.announce(request);
  }
  const announcers: Announcer[] = [];
  for (const [number, { client, tap }] of devices.entries()) {
    const requests = requestsOf(number);
    const answer = await client.announce(requests[0] ?? { port: 0, files: [] });
    const [peers, others] = [answer.swarms[0]?.peers.length, swarmSize(number) - 1];
    if (peers !== others) throw new Error(`An answer named ${peers} peers, expected ${others}`);
    announcers.push(new Announcer({ tap, requests, answer }));
  }
  return async ({ measuredMs }) => {
    const startedAt = performance.now();
    const isOver = (): boolean => performance.now() - startedAt >= measuredMs;
    const counts = await Promise.all(announcers.map((announcer) => announcer.run(inFlight, isOver)));
    const announces = counts.reduce((sum, count) => sum + count, 0);
    return { announces, seconds: (performance.now() - startedAt) / 1_000 };
  };
}

async function shareAll(sharer: Device | undefined): Promise<void> {
  if (sharer === undefined) throw new RangeError('There are no devices');
  const { client } = sharer;
  await client.create_group({ requestId: newRequestId(), groupId: GROUP });
  for (const [number, root] of ROOTS.entries()) {
    const file = { name: `file-${number}`, size: 5_000_000, pieceLength: 65_536, root };
    await client.upload_file({ requestId: newRequestId(), groupId: GROUP, file, signature: undefined });
  }
}

/** One announce for each file of a device. */
function requestsOf(device: number) {
  return rootsOf(device).map((root) => {
    return { port: FIRST_PORT + device, files: [{ groupId: GROUP, root, holding: 'partial' }] } as const;
  });
}

function newRequestId(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(16));
}
